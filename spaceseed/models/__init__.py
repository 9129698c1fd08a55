"""Pretrained networks: generators with one interface, judges, checkpoints and the catalogue."""
