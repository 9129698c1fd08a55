"""Components and helpers that know neither a visitor nor a model."""
