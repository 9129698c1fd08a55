import pytest

from spaceseed.ui.kit.picker import MAX_TILES, Empty, Gallery, Picked, PickGallery, Tile


@pytest.fixture
def picker():
    return PickGallery(waiting=3)


def test_gives_the_browser_tiles_and_marks(picker):
    tiles = [Tile("g0-0", "/a.jpg", "seed 1"), Tile("g0-1", "/b.jpg", "seed 2", "kept")]
    value = picker.postprocess(Gallery("Page", tiles, {"g0-1": -1}, at=1))
    assert [tile["id"] for tile in value["tiles"]] == ["g0-0", "g0-1"]
    assert value["tiles"][1]["image"]["path"] == "/b.jpg"
    assert (value["marks"], value["at"], value["title"]) == ({"g0-1": -1}, 1, "Page")


def test_gives_the_browser_what_an_empty_gallery_shows(picker):
    assert "empty" not in picker.postprocess(Gallery("Page", []))
    shown = picker.postprocess(Gallery("Page", [], empty=Empty("/strip.jpg", 4, "Keep one")))["empty"]
    assert (shown["strip"]["path"], shown["count"], shown["button"]) == ("/strip.jpg", 4, "Keep one")


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "text",
        [],
        {},
        {"marks": [1]},
        {"marks": {str(i): 1 for i in range(MAX_TILES + 1)}},
        {"marks": {"a": 7, "b": "1", "c": None, "d": [1]}},
        {"at": 5, "tiles": [{}]},
        {"at": "0", "tiles": [{"id": "x"}]},
        {"at": 0, "tiles": ["x"]},
    ],
)
def test_takes_nothing_but_marks_from_the_browser(picker, payload):
    assert picker.preprocess(payload) == Picked({}, None)


def test_reads_marks_and_the_tile_at_hand(picker):
    payload = {"marks": {"a": 1, "b": -1}, "at": 1, "tiles": [{"id": "a"}, {"id": "b"}]}
    assert picker.preprocess(payload) == Picked({"a": 1, "b": -1}, "b")
