"""NVIDIA's snapshots: StyleGAN3's official output from the official files, and files that are refused.

StyleGAN2's output is compared in ../test_stylegan2.py.
"""

import dataclasses
import pickle
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints import nvidia, read_generator
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.models.generators.stylegan3 import StyleGAN3
from tests.models.golden import DATA, Golden

STYLEGAN2_CASES = ("nv_sg2ada_uncond", "nv_sg2ada_cond", "nv_sg2ada_resnet", "nv_sg2_from_sg3_repo")
STYLEGAN3_CASES = ("nv_sg3_t", "nv_sg3_r")
GOLDEN = {case: Golden(case) for case in STYLEGAN2_CASES + STYLEGAN3_CASES}


@pytest.fixture(scope="module")
def generators():
    return {case: read_generator(golden.folder / "network.pkl") for case, golden in GOLDEN.items()}


def drawn(name, generator, inputs, cutoff):
    z = inputs["z"]

    def motion():
        return torch.linalg.inv(inputs["transform"])  # the files store the inverse

    def first():
        return generator.map(z[:1])

    return {
        "ws": lambda: generator.map(z),
        "ws_psi07": lambda: generator.map(z, truncation=0.7),
        "ws_psi07_cut": lambda: generator.map(z, truncation=0.7, truncation_cutoff=cutoff),
        "img_const": lambda: generator.synthesize(generator.map(z)),
        "img_psi07": lambda: generator.synthesize(generator.map(z, truncation=0.7)),
        "img_mixed": lambda: generator.synthesize(inputs["ws_mixed"]),
        "img_transform": lambda: generator.synthesize(first(), transform=motion()),
        "input_features": lambda: generator.activations(first(), "input")[:, :4],
        "input_features_transform": lambda: generator.activations(first(), "input", transform=motion())[:, :4],
    }[name]()


@pytest.mark.parametrize(
    ("case", "name"), [(case, name) for case in STYLEGAN3_CASES for name in GOLDEN[case].facts["outputs"]]
)
def test_official_numbers(generators, case, name):
    golden = GOLDEN[case]
    cutoff = golden.facts["hyper_parameters"]["truncation_cutoff"]
    golden.check(name, drawn(name, generators[case], golden.inputs, cutoff))


def test_the_family_and_its_sizes_come_from_the_tensors(generators):
    for case, generator in generators.items():
        assert type(generator) is (StyleGAN3 if case in STYLEGAN3_CASES else StyleGAN2)
        made_with = GOLDEN[case].facts["hyper_parameters"]["generator_init_kwargs"]
        assert (generator.z_dim, generator.w_dim, generator.resolution, generator.num_classes) == (
            made_with["z_dim"],
            made_with["w_dim"],
            made_with["img_resolution"],
            made_with["c_dim"],
        )
    for case in STYLEGAN3_CASES:
        assert list(generators[case].layers) == ["input", *GOLDEN[case].facts["hyper_parameters"]["layer_names"]]


@pytest.mark.parametrize("case", ["nv_sg3_r", "nv_sg2ada_resnet"])
def test_a_flat_state_dict_is_read_too(generators, case):
    mine = read_generator(DATA / case / "g_ema_state_dict.pt")
    for name, tensor in generators[case].state_dict().items():
        assert torch.equal(mine.state_dict()[name], tensor)


def test_source_text_in_a_file_is_never_run(monkeypatch, tmp_path):
    """Every object of the network has source code that would write a file. Images are right, and no file is written."""
    monkeypatch.chdir(tmp_path)
    generator = read_generator(DATA / "hostile" / "persistence_source_valid.pkl")
    golden = GOLDEN["nv_sg2ada_resnet"]
    golden.check("img_const", generator.synthesize(generator.map(golden.inputs["z"])))
    assert not list(tmp_path.iterdir())


def test_a_network_without_weights_is_refused():
    path = DATA / "hostile" / "persistence_source.pkl"
    with pytest.raises(CheckpointError, match="neither a StyleGAN2 nor a StyleGAN3"):
        nvidia.build(read_container(path), path)


@pytest.mark.parametrize("content", [None, [], {}, {"G_ema": None}, {"G_ema": 3}, {"weights": torch.zeros(1)}, {1: 2}])
def test_other_files_do_not_match(content):
    assert not nvidia.matches(content, Path("some.pkl"))


def changed(snapshot, *place, value):
    """Returns the snapshot's G_ema with one attribute of an inner module changed."""

    def change(module, modules):
        state = dict(module.state)
        if modules:
            state["_modules"] = {**state["_modules"], modules[0]: change(state["_modules"][modules[0]], modules[1:])}
        else:
            state[place[-1]] = value
        return dataclasses.replace(module, state=state)

    return {"G_ema": change(snapshot["G_ema"], place[:-1])}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("synthesis", "L0_36_32", "conv_clamp"), float("nan")),
        (("synthesis", "L0_36_32", "conv_clamp"), -1),
        (("synthesis", "L0_36_32", "conv_clamp"), "256"),
        (("synthesis", "L0_36_32", "conv_clamp"), 10**400),
        (("synthesis", "input", "bandwidth"), [2.0]),
        (("synthesis", "input", "bandwidth"), 8.0),
        (("synthesis", "input", "bandwidth"), True),
        (("synthesis", "output_scale"), 1.0),
        (("mapping", "fc0", "bias_gain"), 1.0),
        (("synthesis", "_modules"), []),
        (("synthesis", "L0_36_32", "_parameters"), {"weight": 1.0}),
    ],
)
def test_settings_out_of_range_are_refused(place, value):
    path = DATA / "nv_sg3_r" / "network.pkl"
    content = changed(read_container(path), *place, value=value)
    with pytest.raises(CheckpointError):
        nvidia.build(content, path)


def test_what_is_not_a_named_tensor_is_refused():
    state = torch.load(DATA / "nv_sg3_r" / "g_ema_state_dict.pt", weights_only=True)
    for extra in ({"more": 1}, {7: torch.zeros(1)}):
        with pytest.raises(CheckpointError, match="named tensors"):
            nvidia.build({**state, **extra}, Path("some.pt"))


class Network:
    """The object in NVIDIA's pickles, as their code unpickles it and pickles it again."""

    def __init__(self, meta):
        self.meta = meta

    def __reduce__(self):
        return _reconstruct_persistent_obj, (self.meta,)


def _reconstruct_persistent_obj(meta):
    return Network(meta)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("case", ["nv_sg2ada_cond", "nv_sg3_r"])
def test_a_network_saved_whole_by_torch_is_read(generators, tmp_path, monkeypatch, case, zipped):
    modules = {name: ModuleType(name) for name in ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util")}
    modules["torch_utils.persistence"]._reconstruct_persistent_obj = _reconstruct_persistent_obj
    modules["dnnlib.util"].EasyDict = dict
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(_reconstruct_persistent_obj, "__module__", "torch_utils.persistence")
    network = pickle.loads((GOLDEN[case].folder / "network.pkl").read_bytes())["G_ema"]
    for content in (network, {"G_ema": network}):
        torch.save(content, tmp_path / "G.pt", _use_new_zipfile_serialization=zipped)
        assert b"_reconstruct_persistent_obj" in (tmp_path / "G.pt").read_bytes()
        ours, expected = read_generator(tmp_path / "G.pt").state_dict(), generators[case].state_dict()
        assert ours.keys() == expected.keys()
        assert all(torch.equal(ours[name], tensor) for name, tensor in expected.items())
