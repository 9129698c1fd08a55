"""GAN dissection: what single units draw, and what changes without them."""
