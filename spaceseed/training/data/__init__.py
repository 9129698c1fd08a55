"""Training images, their labels and their augmentation."""
