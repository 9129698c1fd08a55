"""Pretrained networks: generators behind one interface, judges, and the catalogue that names them."""
