"""Two pictures one over the other, with a line between them that can be moved."""

from typing import Any

import gradio as gr


class ImageSlider(gr.ImageSlider):
    """Shows two pictures; its value is their addresses, such as `Jpeg.url`, which leave no files.

    The browser finds a component's code by the name of its class, so the name must stay that of Gradio.
    """

    def postprocess(self, value: tuple[str, str] | None) -> Any:  # type: ignore[override]
        return None if value is None else [{"url": address} for address in value]
