"""Evolution: automatic search with an objective, and breeding by a person."""
