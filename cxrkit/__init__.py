"""cxrkit: COVID-19 against healthy chest films, from raw sources to a report one can trust.

Research use only.
"""

__version__ = "0.1.0"
