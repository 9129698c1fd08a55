"""How the app looks, and the keys it listens to: one accent colour, light and dark."""

from pathlib import Path

import gradio as gr

from spaceseed.ui.kit.templates import read

CSS = Path(__file__).with_name("style.css")
STEER_CSS = Path(__file__).parents[1] / "steer" / "style.css"
DISSECT_CSS = Path(__file__).parents[1] / "dissect" / "style.css"
PHOTO_CSS = Path(__file__).parents[1] / "photo" / "style.css"
AVOID_CSS = Path(__file__).parents[1] / "avoid" / "style.css"
KEYS = read(Path(__file__).with_name("keys.js"))

THEME = gr.themes.Default(
    primary_hue="teal",
    secondary_hue="teal",
    neutral_hue="slate",
    radius_size="lg",
    # Gradio serves these two weights whole; its SemiBold files lack most letters.
    font=[gr.themes.utils.fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"],
    font_mono=["ui-monospace", "Consolas", "monospace"],
).set(
    button_large_text_size="*text_md",
    button_large_padding="*spacing_md *spacing_xl",
    button_large_text_weight="500",
    # White on these passes WCAG AA (4.5 : 1); on the lighter teals it does not.
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_600",
    button_cancel_background_fill="#dc2626",
    button_cancel_background_fill_hover="#b91c1c",
    # So do these, on all that they stand on; Gradio's own do not.
    color_accent="*primary_700",
    body_text_color_subdued="*neutral_600",
    block_title_text_color="*neutral_600",
    block_label_text_color="*neutral_600",
    input_placeholder_color="*neutral_500",
    input_placeholder_color_dark="*neutral_400",
    link_text_color="*primary_700",
    link_text_color_active="*primary_700",
    link_text_color_hover="*primary_800",
    link_text_color_visited="*primary_700",
    link_text_color_dark="*primary_400",
    link_text_color_active_dark="*primary_400",
    link_text_color_hover_dark="*primary_300",
    link_text_color_visited_dark="*primary_400",
    # The accent is light on dark, and the check mark on these is white.
    checkbox_background_color_selected_dark="*primary_700",
    checkbox_border_color_dark="*neutral_400",
    checkbox_border_color="*neutral_500",
    body_background_fill="*neutral_50",
    block_border_width="0px",
    block_shadow="none",
    block_shadow_dark="none",
    slider_color="*primary_600",
    slider_color_dark="*primary_500",
)
