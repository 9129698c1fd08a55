"""Directions in latent space: found, named, refined and kept."""
