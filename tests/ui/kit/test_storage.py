import pytest

from spaceseed.ui.kit.storage import MAX_ITEMS, Changes, Storage


@pytest.fixture
def storage():
    return Storage("tests", shared=True)


@pytest.mark.parametrize(
    "payload", [None, "text", [], {}, {"texts": "text"}, {"texts": {"a": 1}}, {"texts": [3, None]}]
)
def test_takes_nothing_but_texts_from_the_browser(storage, payload):
    assert storage.preprocess(payload) == []


def test_takes_a_bounded_number_of_texts(storage):
    assert len(storage.preprocess({"texts": ["a"] * (MAX_ITEMS + 1)})) == MAX_ITEMS


def test_gives_the_browser_changes(storage):
    value = storage.postprocess(Changes({"a": "text"}, ["b"]))
    assert value == {"put": {"a": "text"}, "drop": ["b"], "reload": False}
    assert storage.postprocess(None) is None


def test_windows_share_one_storage_and_not_the_other(storage):
    assert "localStorage" in storage.reader
    assert "sessionStorage" in Storage("tests", shared=False).reader
