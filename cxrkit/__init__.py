"""cxrkit: COVID-19 against healthy chest films, from raw sources to a report one can trust."""

__version__ = "0.1.0"

RESEARCH_ONLY = "Research use only: not a medical device, and no score here says that a network sees disease."
