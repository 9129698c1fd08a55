"""Reads the templates, styles and scripts that stand beside the components that use them."""

import json
from pathlib import Path
from typing import Any

ESCAPE = (Path(__file__).with_name("escape.js")).read_text(encoding="utf-8").strip()


def read(path: Path, **constants: Any) -> str:
    """Reads a template, a style or a script.

    `gr.HTML` escapes nothing, so templates call `escape`, which replaces the line `/* escape.js */`.

    Args:
        path: of the file.
        **constants: each name in the file is replaced by its value as JSON. Templates could read properties of their
            component instead, but Gradio loses these where the first update comes before the tab is rendered.

    Returns:
        the text.
    """
    text = path.read_text(encoding="utf-8").strip().replace("/* escape.js */", ESCAPE)
    for name, value in constants.items():
        text = text.replace(name, json.dumps(value))
    return text
