"""Settings of a training: invalid values, saving, and what may change when a run is continued."""

from dataclasses import replace

import pytest

from spaceseed.errors import ArgumentError
from spaceseed.training.config import Config, Evolution


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("network", {"network": "vae"}),
        ("condition", {"condition": "all"}),
        ("resolution", {"resolution": 48}),
        ("resolution", {"resolution": 2048}),
        ("objective", {"objective": "wasserstein"}),
        ("projected", {"projected": "yes"}),
        ("augment", {"augment": "all"}),
        ("precision", {"precision": "float16"}),
        ("images", {"images": 0}),
        ("batch", {"batch": 1}),
        ("learning_rate", {"learning_rate": 0.0}),
        ("learning_rate", {"learning_rate": float("nan")}),
        ("r1_gamma", {"r1_gamma": -1.0}),
        ("label_dropout", {"label_dropout": 1.5}),
        ("seed", {"seed": -1}),
        ("grow_from", {"resolution": 64, "grow_from": 24}),
        ("grow_from", {"resolution": 64, "grow_from": 128}),
        ("grow_from", {"resolution": 64, "grow_from": 0}),
        ("grow_from", {"network": "dcgan", "grow_from": 16}),
        ("grow_from", {"network": "normalized", "grow_from": 16}),
        ("condition", {"condition": "embed", "projected": "only"}),
        ("mutations", {"objective": "egan", "evolution": Evolution(mutations=())}),
        ("mutations", {"objective": "egan", "evolution": Evolution(mutations=("egan",))}),
        ("parents", {"objective": "egan", "evolution": Evolution(parents=0)}),
        ("d_steps", {"objective": "egan", "evolution": Evolution(d_steps=0)}),
        ("gamma", {"objective": "egan", "evolution": Evolution(gamma=-0.1)}),
        ("evaluated", {"objective": "egan", "batch": 8, "evolution": Evolution(evaluated=4)}),
    ],
)
def test_a_value_outside_what_is_allowed_is_named(name, settings):
    with pytest.raises(ArgumentError) as refused:
        Config(**settings)
    assert refused.value.name == name


@pytest.mark.parametrize("config", [Config(), Config(objective="egan", evolution=Evolution(parents=2), grow_from=16)])
def test_settings_survive_their_file(config):
    assert Config.from_json(config.to_json()) == config


@pytest.mark.parametrize("text", ["", "[]", '{"batch": "many"}', '{"batch": 1}'])
def test_a_file_of_something_else_is_refused(text):
    with pytest.raises(ArgumentError, match="settings"):
        Config.from_json(text)


def test_each_resolution_takes_two_thirds_of_what_is_left_to_it():
    assert Config(resolution=64, images=900, grow_from=16).stages == [(16, 100), (32, 300), (64, 900)]
    assert Config(resolution=64, images=900).stages == [(64, 900)]


def test_children_are_judged_by_as_many_images_as_the_discriminator_needs():
    config = Config(objective="egan", batch=8, evolution=Evolution(parents=2, d_steps=3))
    assert config.evaluated == 12
    assert replace(config, evolution=Evolution(evaluated=64)).evaluated == 64


def test_a_run_may_be_longer_but_not_otherwise_different(tmp_path):
    config = Config(batch=8)
    config.check_resumes(tmp_path)
    (tmp_path / "config.json").write_text(config.to_json())
    replace(config, images=1_000_000, report_every=5).check_resumes(tmp_path)
    with pytest.raises(ArgumentError, match=r"batch = 4 .* 8, as in the run"):
        replace(config, batch=4).check_resumes(tmp_path)
