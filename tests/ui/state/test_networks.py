"""The shared networks: which judge scores what, what is said when one cannot be had, and how waiting is told."""

import pytest

from spaceseed.errors import DownloadError
from spaceseed.models.checkpoints.saving import save_generator
from spaceseed.models.judges import clip as judges
from spaceseed.recipes.recipe import RecipeError
from spaceseed.training.networks.pairs import build
from spaceseed.ui.kit.jobs import DownloadProgress
from spaceseed.ui.shell.model_bar import choices
from spaceseed.ui.state.networks import PUBLIC_JUDGE, Networks
from tests.ui.standins import find_of, stand_in


@pytest.fixture
def networks(monkeypatch):
    monkeypatch.delenv("SPACESEED_JUDGE", raising=False)
    stand_in(monkeypatch)
    return Networks("avatars")


@pytest.fixture
def own(tmp_path):
    groups = {"hair": ("short", "curly"), "mood": ("glad", "sad", "angry")}
    generator = build("stylegan2", 16, z_dim=8, capacity=0.05, label_groups=groups, condition="embed").generator
    save_generator(generator, tmp_path / "mine.safetensors", title="My faces", groups=groups)
    return tmp_path / "mine.safetensors"


def test_a_file_of_ones_own_is_met_first_and_is_called_by_its_name_alone(networks, own, monkeypatch):
    monkeypatch.setenv("SPACESEED_MODEL", str(own))
    mine = Networks()
    assert (mine.default, mine.problem) == ("mine.safetensors", "")
    assert set(mine.cards) == {*networks.cards, "mine.safetensors"}
    assert mine.cards["mine.safetensors"].title == "My faces"
    generator = mine.generator("mine.safetensors")
    assert generator is mine.generator("mine.safetensors")
    assert generator.card.groups == (2, 3)
    assert mine.at_hand("mine.safetensors")
    find = find_of(mine, "mine.safetensors")
    mine.check(find)
    with pytest.raises(RecipeError, match="other weights"):
        mine.check(find.replace(sha256="0" * 64))
    assert generator.synthesize(find.ws(mine.generator_of(find))).shape == (1, 3, 16, 16)


def test_visitors_open_no_files(networks, own):
    for offered in (networks, Networks(str(own))):
        with pytest.raises(DownloadError, match="no such model here"):
            offered.generator(str(own))
        assert not offered.at_hand(str(own))


def test_a_file_that_cannot_be_read_gives_way_to_the_bundled_model(networks, own):
    own.write_bytes(own.read_bytes()[:1000])
    mine = Networks(str(own))
    assert mine.default == "avatars"
    assert mine.problem == "The model that you would meet here first cannot be loaded now."
    assert mine.cards == networks.cards


@pytest.mark.parametrize(
    ("available", "connected", "title", "sentence"),
    [
        (False, True, "not installed on this server", "not installed on this server"),
        (True, False, "out of reach", "out of reach, for this server has no connection to the Hub"),
        (True, True, "40 MB to download", "it cannot be downloaded now"),
    ],
)
def test_a_model_that_cannot_be_had_says_so_before_and_after_it_is_chosen(
    networks, monkeypatch, available, connected, title, sentence
):
    monkeypatch.setattr("spaceseed.ui.state.networks.loading.available", lambda name: available)
    monkeypatch.setattr("spaceseed.ui.state.networks.is_reachable", lambda: connected)
    networks.look_for_hub()
    assert ("Lost \u00b7 32 px \u00b7 " + title, "lost") in choices(networks)
    with pytest.raises(DownloadError, match=f"^Lost: {sentence}.$"):
        networks.generator("lost")


class FakeJudge:
    def __init__(self, name, progress=None):
        self.name = name


def test_the_bundled_judge_scores_the_bundled_model_alone(networks, monkeypatch):
    assert networks.judge_name("avatars") == "avatars"
    assert networks.judge_name("tiny-biggan") == PUBLIC_JUDGE
    monkeypatch.setenv("SPACESEED_JUDGE", "ViT-B-16/openai")
    assert {Networks("avatars").judge_name(model) for model in ("avatars", "tiny-biggan")} == {"ViT-B-16/openai"}
    assert Networks("avatars", "RN50/openai").judge_name("avatars") == "RN50/openai"


def test_the_public_judge_is_loaded_once_and_tells_how_far_it_is(networks, monkeypatch):
    asked = []

    def load_judge(name, progress):
        asked.append(name)
        progress(1, 2)
        return FakeJudge(name)

    monkeypatch.setattr(judges, "load_judge", load_judge)
    download = DownloadProgress("the judge")
    first = networks.judge("tiny-biggan", download)
    assert networks.judge("tiny-classes") is first
    assert asked == [PUBLIC_JUDGE]
    assert download.line.startswith("Downloading the judge")


@pytest.mark.parametrize("error", [DownloadError("The Hub is away."), RuntimeError("/root/.cache/secret")])
def test_a_judge_that_cannot_be_had_is_tried_again_and_leaves_the_others(networks, monkeypatch, error):
    def fail(name, progress):
        if name == PUBLIC_JUDGE:
            raise error
        return FakeJudge(name)

    monkeypatch.setattr(judges, "load_judge", fail)
    with pytest.raises(DownloadError, match=r"cannot be downloaded now.*Avatars can be searched") as raised:
        networks.judge("tiny-biggan")
    assert "secret" not in str(raised.value)
    assert networks.judge("avatars").name == "avatars"
    monkeypatch.setattr(judges, "load_judge", FakeJudge)
    assert networks.judge("tiny-biggan").name == PUBLIC_JUDGE
