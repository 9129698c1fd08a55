"""Filters that keep searches away from bad images. They learn from marked examples."""
