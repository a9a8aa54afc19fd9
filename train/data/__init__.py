"""Datasets: readers, the clip store, vocabularies and protocols."""
