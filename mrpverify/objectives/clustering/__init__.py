"""Clustering pretraining, for comparison."""
