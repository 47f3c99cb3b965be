"""The masked autoencoder on pixels (section 2)."""
