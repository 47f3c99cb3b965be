"""Simulation in torch: sampler, encoder, exact gradients, descent. Needs torch and numpy alone."""
