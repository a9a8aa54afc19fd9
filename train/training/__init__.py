"""Objective, augmentation, the loop, and whole runs."""
