"""Quality of a set of images: distances between distributions, precision and recall."""
