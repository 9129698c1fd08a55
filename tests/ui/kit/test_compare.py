"""Two pictures to compare are shown by their addresses, and leave no files."""

from spaceseed.ui.kit.compare import ImageSlider


def test_pictures_are_passed_on_by_their_addresses():
    slider = ImageSlider()
    assert slider.postprocess(("data:one", "data:other")) == [{"url": "data:one"}, {"url": "data:other"}]
    assert slider.postprocess(None) is None
    assert slider.get_block_name() == "imageslider"
