"""Filters that keep a latent space away from bad images, learned from marked examples."""
