"""The generators, one file a family, and what all of them offer."""
