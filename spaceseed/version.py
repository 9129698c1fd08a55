"""The version of the package. Recipes and training runs store it."""

__version__ = "0.1.0"
