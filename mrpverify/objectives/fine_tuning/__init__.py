"""Fine-tuning and linear probe after pretraining (section 2 [R])."""
