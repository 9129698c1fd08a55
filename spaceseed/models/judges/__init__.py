"""Networks that score images or compute their features: CLIP, the attribute classifier and Inception."""
