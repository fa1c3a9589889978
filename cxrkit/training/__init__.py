"""Pixels in; trained networks, their epochs and predictions out."""
