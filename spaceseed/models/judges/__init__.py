"""Networks that score images, segment them or compute their features: CLIP, classifier, Inception, segmenters."""
