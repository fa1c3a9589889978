"""Collects COVID-19 chest films of Radiopaedia and SIRM, politely and with permission: python -m scrapers."""

PARSER_VERSION = "1"
"""Raised when the parsers read more or other things out of the same page; it stands in every record."""
