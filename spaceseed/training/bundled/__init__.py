"""Makes the bundled weights: renders avatars, and trains the generator and its judges."""
