"""Claims of Theorem 2: fine-tuning keeps what pretraining learned, one file per claim."""
