"""Networks that look at images: CLIP, the attribute classifier and Inception."""
