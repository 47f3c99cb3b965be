"""Supervised learning from scratch (section 2 [R])."""
