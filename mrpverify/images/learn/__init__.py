"""Training the small CIFAR-10 encoder: by mask reconstruction, by labels, or both in turn."""
