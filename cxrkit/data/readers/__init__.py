"""Readers of films: each kind of source yields the same Records."""
