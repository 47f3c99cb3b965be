"""Pure functions of arrays: what a set of kernels holds. Needs numpy alone."""
