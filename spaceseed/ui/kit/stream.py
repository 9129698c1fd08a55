"""Keeps the page's stream of events open while an event needs it."""

from pathlib import Path

from spaceseed.ui.kit.templates import read

# For the head of the page: it must run before Gradio's scripts do.
HEAD = f"<script>{read(Path(__file__).with_suffix('.js'))}</script>"
