"""Verification of the theory of mask-reconstruction pretraining, claim by claim."""
