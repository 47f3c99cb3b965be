"""Claims that compare pretraining with supervised learning and others, one file per claim."""
