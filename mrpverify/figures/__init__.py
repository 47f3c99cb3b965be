"""Figures by name, drawn from stored runs: ``mrpverify figures``."""
