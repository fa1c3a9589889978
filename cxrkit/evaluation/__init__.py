"""Predictions in, numbers with their uncertainty out."""
