"""How good a set of images is: distances of distributions, precision and recall."""
