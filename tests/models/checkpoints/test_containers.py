"""Files of every format become plain data, equal to what torch reads."""

import json
import pickle
import struct
import warnings
from argparse import Namespace
from collections import OrderedDict
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.checkpoints.persistence import PersistentObject, state_dict
from tests.models.checkpoints import forge
from tests.models.golden import DATA, Golden


def same(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def files(*patterns):
    found = [path for pattern in patterns for path in sorted(DATA.glob(pattern)) if path.parent.name != "hostile"]
    return pytest.mark.parametrize("path", found, ids=lambda path: f"{path.parent.name}/{path.name}")


@files("*/*.pt", "*/*.pth", "*/*.bin")
def test_reads_torch_files_as_torch_does(path):
    assert same(read_container(path), torch.load(path, weights_only=True))


@files("*/network.pkl")
def test_reads_persistent_networks(path):
    content = read_container(path)
    assert set(content) == {"training_set_kwargs", "G", "D", "G_ema", "augment_pipe"}
    tensors = state_dict(content["G_ema"])
    beside = path.parent / "g_ema_state_dict.pt"
    if beside.exists():
        assert same(tensors, torch.load(beside, weights_only=True))
    official = Golden(path.parent.name).facts["hyper_parameters"]["generator_init_kwargs"]
    assert content["G_ema"].init_kwargs.items() >= {k: v for k, v in official.items() if v is not None}.items()


CONTENT = {
    "nested": {"a": [1, -2, 2**40, (0.5, None, True), "é"], "b": OrderedDict(c={3, 4}), 5: ()},
    "halves": torch.randn(3, 4, generator=torch.Generator().manual_seed(0)).half(),
    "bfloat16": torch.ones(3, dtype=torch.bfloat16),
    "long": torch.arange(5),
    "bytes": torch.tensor([1, 2, 255], dtype=torch.uint8),
    "bools": torch.tensor([True, False]),
    "number": torch.tensor(7.0),
    "nothing": torch.empty(0, 4),
    "transposed": torch.arange(6.0).reshape(2, 3).T,
    "slice": torch.arange(10.0)[3:7],
    "parameter": torch.nn.Parameter(torch.ones(2)),
}


@pytest.mark.parametrize("zipped", [True, False])
def test_round_trip(tmp_path, zipped):
    torch.save(CONTENT, tmp_path / "file", _use_new_zipfile_serialization=zipped)
    expected = CONTENT | {"nested": CONTENT["nested"] | {"b": dict(CONTENT["nested"]["b"])}}
    assert same(read_container(tmp_path / "file"), expected)


def test_a_training_checkpoint_with_its_settings_and_figures(tmp_path):
    content = {"g": torch.ones(2), "args": Namespace(lr=0.1), "loss": np.float64(0.25), "curve": np.arange(3)}
    torch.save(content, tmp_path / "file")
    read = read_container(tmp_path / "file")
    assert same(read, {"g": torch.ones(2), "args": {}, "loss": 0.25, "curve": torch.arange(3)})


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_protocols_and_arrays(tmp_path, protocol):
    content = {
        "c": np.arange(6, dtype=np.float32).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "scalars": [np.float32(0.5), np.int64(-3), np.bool_(True)],
        "sets": [{"x"}, set()],
        "text": "x" * 300,
    }
    (tmp_path / "file").write_bytes(pickle.dumps(content, protocol))
    expected = content | {
        "c": torch.arange(6.0).reshape(2, 3),
        "fortran": torch.arange(6.0, dtype=torch.float64).reshape(2, 3),
        "scalars": [0.5, -3, True],
    }
    assert same(read_container(tmp_path / "file"), expected)


def test_reads_safetensors(tmp_path):
    tensors = {"a": torch.arange(4.0), "b": torch.ones(2, 2, dtype=torch.bfloat16)}
    save_file(tensors, tmp_path / "file")
    assert same(read_container(tmp_path / "file"), tensors)


def test_a_small_network_of_our_own_making(tmp_path):
    (tmp_path / "file").write_bytes(forge.network())
    network = read_container(tmp_path / "file")["G_ema"]
    assert same(state_dict(network), {"fc0.weight": torch.arange(4.0).reshape(2, 2)})
    assert network.class_name == "Generator"
    assert network.init_kwargs == {"z_dim": 512}
    assert network.state["_modules"]["fc0"].state["scale"] == 0.5


def test_buffers_that_a_module_does_not_save_are_left_out():
    ones = torch.ones(1)
    module = PersistentObject(
        "Layer", {"_buffers": {"kept": ones, "left": ones, "none": None}, "_non_persistent_buffers_set": {"left"}}
    )
    assert set(state_dict(module)) == {"kept"}


@pytest.mark.parametrize(
    "state",
    [{"_parameters": [1]}, {"_buffers": {1: torch.ones(1)}}, {"_parameters": {"w": 3}}, {"_modules": {"m": {}}}],
)
def test_a_module_without_a_modules_structure_is_refused(state):
    with pytest.raises(CheckpointError):
        state_dict(PersistentObject("Layer", state))


def test_tensors_may_be_changed_and_the_file_stays(tmp_path):
    torch.save(torch.zeros(4), tmp_path / "file")
    before = (tmp_path / "file").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_container(tmp_path / "file").add_(1)
    assert (tmp_path / "file").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\x80", b"<!DOCTYPE html>" * 9, bytes(999), b"PK\x03\x04" * 20])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(CheckpointError):
        read_container(tmp_path / "file")


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(CheckpointError):
            read_container(path)


def safetensors():
    header = json.dumps({"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(16)


WHOLE = {
    "nvidia": forge.network(),
    "zip": forge.archive(forge.mapping(a=forge.view(forge.stored()))),
    "legacy": forge.legacy(forge.mapping(a=forge.view(forge.stored(legacy=True)))),
    "safetensors": safetensors(),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_the_files_that_are_about_to_be_damaged_are_whole(tmp_path, kind):
    (tmp_path / "file").write_bytes(WHOLE[kind])
    read_container(tmp_path / "file")


@pytest.mark.parametrize("kind", WHOLE)
def test_cut_short_anywhere(tmp_path, kind):
    whole = WHOLE[kind].rstrip(b"\0") if kind == "nvidia" else WHOLE[kind]
    for length in range(0, len(whole) - 1, 3):
        (tmp_path / "file").write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            read_container(tmp_path / "file")


@pytest.mark.parametrize("kind", WHOLE)
@given(data=st.data())
def test_damaged_anywhere(tmp_path_factory, kind, data):
    content = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(1, 2))] = data.draw(st.binary(max_size=3))
    path = tmp_path_factory.getbasetemp() / f"damaged-{kind}"
    path.write_bytes(content)
    with suppress(CheckpointError):  # any other exception is a bug
        read_container(path)


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:", "a pointer of Git LFS"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"something else", "of an unknown kind"),
    ],
)
def test_a_file_that_holds_no_weights_is_named(tmp_path, start, told):
    (tmp_path / "model.pt").write_bytes(start + bytes(100))
    with pytest.raises(CheckpointError, match=rf"^model\.pt is {told}"):
        read_container(tmp_path / "model.pt")


def test_a_whole_network_is_refused_with_a_suggestion(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match=r"torch\.nn\.modules\.linear\.Linear.* save its state_dict\(\)"):
        read_container(tmp_path / "model.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match="TorchScript"):
        read_container(tmp_path / "model.pt")
