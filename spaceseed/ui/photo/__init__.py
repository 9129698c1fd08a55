"""The Photo tab: a visitor's own picture is found in latent space."""
