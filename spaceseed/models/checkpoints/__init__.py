"""Reads checkpoints of public generators; executes nothing that is in them."""
