"""Makes the bundled weights: renders avatars, trains the generator and its judges."""
