"""The version, which recipes and training runs carry."""

__version__ = "0.1.0"
