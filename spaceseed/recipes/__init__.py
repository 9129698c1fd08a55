"""Recipes, which recreate an image exactly, and their files."""
