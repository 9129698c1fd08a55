"""Search and breeding: evolution that is led by an objective, or by a person."""
