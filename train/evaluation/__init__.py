"""Accuracy, plain and aligned."""
