"""Recipes: what recreates an image exactly, and the files that hold it."""
