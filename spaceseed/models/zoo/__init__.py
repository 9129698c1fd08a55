"""Loads models by name: catalogue, downloads and a cache in memory."""
