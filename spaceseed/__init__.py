"""Search the latent space of a pretrained GAN by clicking, by words or by example, and take the seeds home."""

__version__ = "0.1.0"
