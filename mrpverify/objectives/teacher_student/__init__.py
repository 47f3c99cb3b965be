"""Teacher-student pretraining on semantic targets (section 2)."""
