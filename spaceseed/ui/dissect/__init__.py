"""The Dissect tab: what units of a network draw is painted into a find, or erased from it."""
