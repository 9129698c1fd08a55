"""Training images and their labels, read with care, and their augmentation."""
