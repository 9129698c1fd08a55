import os

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from safetensors.torch import save_file

from spaceseed.tensor_file import TensorFile


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    text: str
    weight: float = 0.0


class NoteError(ValueError):
    pass


NOTES = TensorFile("notes", Note, ("a", "b"), torch.float32, 10_000, NoteError)
TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(())}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.safetensors"


@given(text=st.text(), weight=st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_written_is_read(tmp_path_factory, text, weight):
    path = tmp_path_factory.getbasetemp() / "notes.safetensors"
    NOTES.write(path, Note(text=text, weight=weight), TENSORS)
    header, tensors = NOTES.read(path)
    assert header == Note(text=text, weight=weight)
    assert {name: t.tolist() for name, t in tensors.items()} == {name: t.tolist() for name, t in TENSORS.items()}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_what_is_no_file_is_refused_and_not_waited_for(path):
    os.mkfifo(path)
    with pytest.raises(NoteError, match="holds no notes"):
        NOTES.read(path)
    with pytest.raises(NoteError, match="holds no notes"):
        NOTES.read(path.parent)


def test_views_of_one_tensor_can_be_written(path):
    NOTES.write(path, Note(text=""), {"a": TENSORS["a"].T, "b": TENSORS["a"][:, 0]})
    _, tensors = NOTES.read(path)
    assert torch.equal(tensors["a"], TENSORS["a"].T)
    assert torch.equal(tensors["b"], TENSORS["a"][:, 0])


@pytest.mark.parametrize(
    ("header", "tensors"),
    [
        ({"other": "{}"}, TENSORS),
        (None, TENSORS),
        ({"notes": "{}"}, TENSORS),
        ({"notes": '{"text": 3}'}, TENSORS),
        ({"notes": '{"text": "", "more": 1}'}, TENSORS),
        ({"notes": '{"text": "", "weight": NaN}'}, TENSORS),
        ({"notes": '{"text": ' + "[" * 3_000 + "]" * 3_000 + "}"}, TENSORS),
        ({"notes": "text"}, TENSORS),
        ({"notes": '{"text": ""}'}, {"a": TENSORS["a"]}),
        ({"notes": '{"text": ""}'}, TENSORS | {"b": torch.ones((), dtype=torch.float64)}),
        ({"notes": '{"text": ""}'}, TENSORS | {"b": torch.tensor(torch.inf)}),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(path, header, tensors):
    save_file(tensors, path, metadata=header)
    with pytest.raises(NoteError, match=r"^This file holds no notes, or is damaged\.$"):
        NOTES.read(path)


@given(st.binary(max_size=400))
def test_no_bytes_do_harm(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(data)
    with pytest.raises(NoteError):
        NOTES.read(path)


def test_too_large_a_file_is_not_read_and_a_missing_one_is_said_to_be(path):
    with pytest.raises(FileNotFoundError):
        NOTES.read(path)
    with path.open("wb") as file:
        file.truncate(10_001)
    with pytest.raises(NoteError, match="too large"):
        NOTES.read(path)


def test_what_cannot_be_written_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        NOTES.write(tmp_path / "none" / "file.safetensors", Note(text=""), TENSORS)
