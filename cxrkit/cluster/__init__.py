"""Trainings on other machines: Ray as an executor, and what its nodes must have in common."""
