"""Projection: finds the latent whose image is nearest to a given picture."""
