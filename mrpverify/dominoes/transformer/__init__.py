"""One rung up: a small transformer encoder as a real masked autoencoder on dominoes."""
