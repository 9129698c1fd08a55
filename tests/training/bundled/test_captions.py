import random

import numpy as np
import pytest

pytest.importorskip("python_avatars", reason="rendering needs requirements-train.txt")

from spaceseed.training.bundled.avatars import ATTRIBUTES, sample
from spaceseed.training.bundled.captions import ASKABLE, PHRASES, Captioner, asked, describe, one_hot, refused, unmet
from spaceseed.training.bundled.prompts import PROMPTS

AVATARS = [sample(random.Random(seed)) for seed in range(300)]


@pytest.fixture(scope="module")
def captions():
    captioner, rng = Captioner(AVATARS), random.Random(0)
    return [[captioner.describe(i, rng) for _ in range(5)] for i in range(len(AVATARS))]


def test_captions_are_true_of_their_avatar(captions):
    for avatar, own in zip(AVATARS, captions, strict=True):
        assert all(caption.matches(avatar) for caption in own)


def test_captions_are_mostly_short_and_never_negate(captions):
    drawn = [caption for own in captions for caption in own]
    counts = np.array([len(caption.attributes) for caption in drawn])
    assert (counts <= 2).mean() > 0.45
    assert counts.max() >= 6
    words = {word.strip(",") for caption in drawn for word in caption.text.split()}
    assert words.isdisjoint({"no", "not", "without", "never"})
    assert not any("*" in caption.text or "{" in caption.text or not caption.text for caption in drawn)


def test_captions_repeat_with_their_seed_and_vary_without():
    avatar = AVATARS[0]
    first, second = (describe(avatar, random.Random(7)) for _ in range(2))
    assert first == second
    assert len({describe(avatar, random.Random(seed)).text for seed in range(40)}) > 35


def test_every_value_that_can_be_seen_is_spoken_of():
    spoken = {(name, value) for p in PHRASES for name, values in p.attributes.items() for value in values}
    visible = {(name, value) for name, values in ATTRIBUTES.items() for value in values} - {
        ("hair_color", "hidden"),
        ("eyes", "hidden"),
        ("glasses", "none"),  # captions do not negate
    }
    assert visible <= spoken


def test_unmet_counts_what_is_asked_and_not_shown():
    prompts = [
        asked("woman", presentation="woman"),
        asked("smile", mouth="smile"),
        asked("a happy bald man", mouth="smile tongue", hair="bald", presentation="man"),
    ]
    counts = unmet(one_hot(AVATARS), refused(prompts))
    for i, avatar in enumerate(AVATARS):
        for j, prompt in enumerate(prompts):
            wrong = sum(getattr(avatar, name) not in values for name, values in prompt.attributes.items())
            assert counts[i, j] == wrong
            assert prompt.matches(avatar) == (wrong == 0)
            assert prompt.confirmed(avatar) == pytest.approx(1 - wrong / len(prompt.attributes))


def test_one_hot_has_one_value_for_each_attribute():
    assert (one_hot(AVATARS).sum(axis=1) == len(ASKABLE)).all()


def test_a_prompt_asks_only_for_values_that_exist():
    with pytest.raises(AssertionError, match="green"):
        asked("green hair", hair_color="green")


def test_examination_prompts_are_many_distinct_short_and_satisfiable():
    assert len(PROMPTS) >= 60
    assert len({prompt.text for prompt in PROMPTS}) == len(PROMPTS)
    avatars = [sample(random.Random(seed)) for seed in range(2000)]
    matching = unmet(one_hot(avatars), refused(PROMPTS)) == 0
    assert matching.any(axis=0).all()
    assert not matching.all(axis=0).any()
