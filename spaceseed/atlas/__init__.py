"""The seed atlas: what a judge sees in the images of many seeds, so that a wish is answered without drawing."""
