"""Sources in, one manifest and one folder tree out."""
