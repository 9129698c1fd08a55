"""Mixes, walks and films: images made of several finds."""
