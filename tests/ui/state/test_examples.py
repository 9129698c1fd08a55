"""What models draw, and what can be asked of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from spaceseed.models.zoo.loading import card, list_models
from spaceseed.ui.state.examples import example_finds, subject_of, subjects, waiting

OTHERS = replace(card("avatars"), id="mine.safetensors", title="Flowers")


@pytest.mark.parametrize(
    ("model", "drawn"),
    [
        ("avatars", "faces"),
        ("ffhq-mobile", "faces"),
        ("stylegan2-ffhq", "faces"),
        ("stylegan2-ada-metfaces", "faces"),
        ("stylegan-anime", "faces"),
        ("pggan-celebahq", "faces"),
        ("stylegan2-car", "cars"),
        ("stylegan-cat", "cats"),
        ("stylegan2-ada-afhqcat", "cats"),
        ("stylegan2-ada-afhqdog", "dogs"),
        ("stylegan2-ada-afhqwild", "animals"),
        ("stylegan2-church", "churches"),
        ("stylegan2-horse", "horses"),
        ("stylegan3-t-lhq", "landscapes"),
        ("biggan-deep-128", "images"),
    ],
)
def test_a_model_is_told_by_its_title(model, drawn):
    assert subject_of(card(model)).many == drawn


def test_every_model_of_the_catalogue_has_prompts_of_its_own_kind():
    assert all(len(subject_of(model).prompts) >= 6 for model in list_models())
    kinds = [
        subject_of(card(model)) for model in ("avatars", "ffhq-mobile", "stylegan2-ada-metfaces", "stylegan-anime")
    ]
    assert len({subject.prompts[0] for subject in kinds}) == len(kinds)  # all of them draw faces


def test_of_other_models_only_images_is_said():
    assert subject_of(OTHERS).many == subject_of(None).many == "images"
    assert subject_of(OTHERS).prompts == []


def test_no_prompt_comes_twice():
    for subject in subjects():
        assert len(set(subject.prompts)) == len(subject.prompts)
        assert all(0 < len(text) <= 60 for text in (*subject.prompts, subject.avoid))


def test_there_are_finds_to_look_at():
    assert len(example_finds()) >= 8


def test_what_waits_for_finds_is_one_small_picture():
    empty = waiting("Keep one")
    with Image.open(empty.strip) as strip:
        assert strip.size == (6 * 64, 64)
    assert Path(empty.strip).stat().st_size < 16_000
    assert waiting(count=24).strip == empty.strip
