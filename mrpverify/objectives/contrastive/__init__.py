"""Contrastive pretraining, for comparison."""
