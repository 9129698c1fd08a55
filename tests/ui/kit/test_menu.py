import pytest

from spaceseed.ui.kit.menu import MAX_NAME, Large, PictureMenu


@pytest.mark.parametrize("payload", [None, "text", [], {}, {"find": 3}, {"find": None}])
def test_takes_nothing_but_a_name_from_the_browser(payload):
    assert PictureMenu().preprocess(payload) == ""


def test_takes_a_name_of_bounded_length():
    assert PictureMenu().preprocess({"find": "a" * 1000}) == "a" * MAX_NAME


def test_gives_the_browser_a_picture():
    value = PictureMenu().postprocess(Large("id", "/a.png", "Ada", "Has red hair", "?seed=1"))
    assert value["image"]["path"] == "/a.png"
    assert (value["find"], value["title"], value["about"], value["link"]) == ("id", "Ada", "Has red hair", "?seed=1")
    assert not value["opens"]
    assert PictureMenu().postprocess(None) is None
