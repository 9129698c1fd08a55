"""Generators: one file for each family, and their common interface."""
