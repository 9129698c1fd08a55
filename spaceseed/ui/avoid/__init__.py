"""The Avoid tab: bad images are marked, and the sampler learns to avoid them."""
