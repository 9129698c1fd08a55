"""Finds and trained generators as repositories on the Hugging Face Hub."""
