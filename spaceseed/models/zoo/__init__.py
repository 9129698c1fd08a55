"""Finds, downloads, loads and keeps the models of the catalogue."""
