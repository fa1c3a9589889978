"""Collection of COVID-19 chest films from Radiopaedia and SIRM, politely and with permission: python -m scrapers."""

PARSER_VERSION = "2"
"""To be raised when the parsers read more, or other things, from the same page; it stands in every record."""
