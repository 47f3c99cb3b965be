"""Claims about supervised learning from scratch, one file per claim."""
