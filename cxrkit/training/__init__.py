"""Folder tree in; models, epochs and predictions out."""
