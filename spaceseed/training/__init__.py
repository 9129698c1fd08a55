"""Trains generators: on a folder of images (`python -m spaceseed.training`), and the bundled ones (`bundled`)."""
