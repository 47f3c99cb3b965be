"""Supervised learning on masked images (laws2, AUG)."""
