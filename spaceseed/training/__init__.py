"""Trains generators: on a folder of images (`python -m spaceseed.training`), and those that are bundled (`bundled`)."""
