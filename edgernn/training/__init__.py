"""Training: the network, batches by length, the loop, and what is kept of it."""
