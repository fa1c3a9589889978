"""Predictions in, numbers out: metrics, statistics, the decision which network is better. Neither torch nor text."""
