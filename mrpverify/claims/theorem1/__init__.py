"""Theorem 1: mask-reconstruction pretraining learns all semantic features of every class."""
