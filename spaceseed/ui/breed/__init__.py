"""The Breed tab: a visitor marks the images that they like, and new images are bred from these."""
