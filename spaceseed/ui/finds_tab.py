"""stub"""

from typing import Any

import gradio as gr

from spaceseed.models.generator import Generator
from spaceseed.ui.breed_tab import BreedTab


def create_finds_tab(generator: Generator, session: gr.State, basket: gr.State, breed: BreedTab, tabs: gr.Tabs) -> Any:
    gr.Markdown("Finds")
