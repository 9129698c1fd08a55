"""A picture to paint over tells where it was painted over, and takes nothing else from a browser."""

import base64

import numpy as np
from PIL import Image

from spaceseed.ui.kit.painter import Canvas, Painter


def test_a_painter_tells_where_it_was_painted_over(tmp_path):
    painter = Painter("A picture")
    assert painter.postprocess(None) == {}
    assert painter.postprocess(Canvas("data:,", 3, 2)) == {"image": "data:,", "width": 3, "height": 2}
    layer = Image.new("RGBA", (4, 3))
    layer.putpixel((1, 2), (0, 0, 0, 255))
    layer.save(tmp_path / "a.png")
    address = "data:image/png;base64," + base64.b64encode((tmp_path / "a.png").read_bytes()).decode()
    painted = painter.preprocess({"painted": address})
    assert (painted.shape, np.argwhere(painted).tolist()) == ((3, 4), [[2, 1]])
    for payload in (None, {}, {"painted": 3}, {"painted": "data:image/png;base64,AAAA"}, {"painted": address[:60]}):
        assert painter.preprocess(payload) is None


def test_strokes_stay_to_be_told_together_or_are_told_alone():
    together, alone = Painter("A picture"), Painter("A picture", keeps=False)
    assert "keeps = true" in together.html_template
    assert "keeps = false" in alone.html_template
    assert "if (!false) wipe()" in alone.js_on_load
