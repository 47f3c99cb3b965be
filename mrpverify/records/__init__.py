"""Labelled records of runs, stored under a content hash and reused."""
