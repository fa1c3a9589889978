"""Parsers of the pages of each site, without network access."""
