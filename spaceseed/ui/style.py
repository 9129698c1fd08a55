"""How the app looks: one accent colour, light and dark."""

from pathlib import Path

import gradio as gr

CSS = Path(__file__).with_name("style.css")

THEME = gr.themes.Default(
    primary_hue="teal", secondary_hue="teal", neutral_hue="slate", radius_size="lg", spacing_size="md"
).set(
    # White on these passes WCAG AA (4.5 : 1); on the lighter teals it does not.
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_600",
    body_background_fill="*neutral_50",
    block_border_width="0px",
    block_shadow="none",
    block_shadow_dark="none",
    slider_color="*primary_600",
    slider_color_dark="*primary_500",
)
