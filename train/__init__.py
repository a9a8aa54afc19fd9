"""Skeletons, data, encoders, text, training and evaluation."""
