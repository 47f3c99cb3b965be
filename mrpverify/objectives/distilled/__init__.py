"""Learning from the soft labels of other runs (Allen-Zhu and Li)."""
