"""Dominoes: images of real pictures whose views are known, a digit and a garment a class."""
