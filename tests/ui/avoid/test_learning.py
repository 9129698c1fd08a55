"""The filter of the Avoid tab: learned, judged, shown and used."""

from copy import deepcopy

import pytest
import torch
from safetensors.torch import load_file, save_file

from spaceseed.errors import DownloadError
from spaceseed.filters.filter import LatentFilter
from spaceseed.metrics.features import real_avatar_embeddings
from spaceseed.ui.avoid import learning, proof
from spaceseed.ui.avoid.learning import BOTH, FROM_IMAGES, REAL, SOFT, load_filter, use_in_breed, use_in_search
from spaceseed.ui.avoid.pictures import pictures
from spaceseed.ui.avoid.telling import breed_line, numbers, search_line, verdict
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.search.begin import begin
from spaceseed.ui.search.climb import climb
from spaceseed.ui.search.tab import ask
from spaceseed.ui.shell.switching import switch
from spaceseed.ui.state.avoiding import vectors
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.repairing import Repairing
from spaceseed.ui.state.session import Session
from tests.ui.avoid.lessons import SHIFT, TRUNCATE, BrightJudge, brightness, mark, study, taught


def test_each_model_has_its_own_marks_and_filter(bright_networks, learner):
    taught(bright_networks, learner)
    list(switch(bright_networks, learner, "avatars"))
    assert not learner.workspace.avoiding.marks
    assert learner.workspace.avoiding.learned is None
    list(switch(bright_networks, learner, "tiny-stylegan2"))
    assert len(learner.workspace.avoiding.marks) == 100


@pytest.mark.parametrize("model", ["tiny-classes", "tiny-stylegan3", "tiny-biggan", "tiny-pggan", "tiny-stylegan"])
def test_all_families_can_avoid(bright_networks, learner, model):
    list(switch(bright_networks, learner, model))
    taught(bright_networks, learner)
    assert learner.workspace.avoiding.learned.filter.model == model
    *_, (before, after, _, strip) = pictures(bright_networks, learner)
    assert [len(part) for part in (strip, before, after)] == [7, 12, 12]
    learned = learner.workspace.avoiding.learned
    space = learner.workspace.view.space(bright_networks.generator(model), "w")
    assert learned.within(space).allows(vectors(space, learned.good)).any()


def test_a_filter_learned_from_words_avoids_what_they_mean(bright_networks, learner):
    assert taught(bright_networks, learner)[0].startswith("Learned")
    learned = learner.workspace.avoiding.learned
    assert learned.filter.trustworthy
    assert learned.filter.space == "w"
    before = learned.space.draw(range(500, 700))
    after = learned.filter.apply(before)
    space = learned.space
    assert brightness(space, after).mean() < brightness(space, before).mean()


def test_few_marks_are_called_too_few(bright_networks, learner):
    mark(learner, bad=[0, 1], good=[2, 3])
    study(bright_networks, learner)
    told = verdict(learner.workspace.avoiding.learned)
    assert told.startswith("Do not trust it yet. Not enough marks yet: 2 bad and 2 good")
    assert "Of a hundred images it replaces 25; nearly all variety is left." in told
    terms = dict(numbers(learner.workspace.avoiding.learned))
    assert "0.50 is chance" in terms["Tells bad from good (AUC)"]
    assert terms["Left as they are (acceptance)"].startswith("75%")


def test_many_marks_can_be_trusted(bright_networks, learner):
    taught(bright_networks, learner)
    assert verdict(learner.workspace.avoiding.learned).startswith(
        "You can trust it: it tells bad from good. Of a hundred"
    )
    taught(bright_networks, learner, how=SHIFT)
    assert "It replaces none, and moves all a little; " in verdict(learner.workspace.avoiding.learned)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": "magic"}, "method. must be one of"),
        ({"how": "magic"}, "sampler. must be one of"),
        (
            {
                "method": "Round regions, by place and spread (quadratic)",
                "how": TRUNCATE,
            },
            "Round regions have no one direction",
        ),
        ({"source": "hearsay"}, "Learn from must be one of"),
        ({"source": REAL}, "no real images of this model"),
        ({"refused": 100}, "nothing would be left"),
        ({"refused": float("nan")}, "Strength"),
        ({"refused": None}, "Strength"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_the_filter_stays(bright_networks, learner, settings, sentence):
    taught(bright_networks, learner)
    before = learner.workspace.avoiding.learned
    with pytest.raises(ValueError, match=sentence):
        study(bright_networks, learner, **settings)
    assert learner.workspace.avoiding.learned is before


@pytest.mark.parametrize("method", learning.METHODS)
@pytest.mark.parametrize("how", [SOFT, SHIFT])
def test_every_method_is_shown_from_good_to_bad(bright_networks, learner, method, how):
    taught(bright_networks, learner, method=method, how=how)
    avoid = learner.workspace.avoiding.learned.filter
    assert avoid.method == learning.METHODS[method]
    *_, (before, after, told, strip) = pictures(bright_networks, learner)
    assert [len(part) for part in (strip, before, after)] == [7, 12, 12]
    same = [a["image"]["path"] == b["image"]["path"] for a, b in zip(before, after, strict=True)]
    assert [face["caption"].endswith("new") for face in after] == [not s for s in same]
    assert told.startswith(f"{12 - sum(same)} of 12")
    words = [face["caption"] for face in strip]
    if avoid.how == "shift":
        assert (words[0], words[-1]) == ("good", "bad")
        return
    kept = [int(word.removesuffix("%")) for word in words]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] > kept[-1]


def test_without_a_filter_nothing_is_shown_or_measured(bright_networks, learner):
    assert list(pictures(bright_networks, learner)) == [[[], [], "", []]]
    for event in (use_in_breed, use_in_search):
        with pytest.raises(ValueError, match="Learn a filter first"):
            event(bright_networks, learner, True)
    with pytest.raises(ValueError, match="Learn a filter first"):
        list(proof.measure(bright_networks, learner, 50))


def test_breed_draws_what_the_filter_allows_while_it_is_on(bright_networks, learner):
    taught(bright_networks, learner)
    avoid = learner.workspace.avoiding.learned
    use_in_breed(bright_networks, learner, True)
    for _ in range(3):
        assert avoid.allows(learner.breeding.next({}, 36).latents).all()
    assert breed_line(learner.workspace.avoiding, learner.workspace.repairing).startswith(
        "Fresh ones and children keep away"
    )
    use_in_breed(bright_networks, learner, False)
    assert not avoid.allows(learner.breeding.next({}, 36).latents).all()
    assert breed_line(learner.workspace.avoiding, learner.workspace.repairing) == ""


def test_a_doubtful_filter_is_used_with_a_warning(bright_networks, learner, said):
    mark(learner, bad=[0, 1], good=[2, 3])
    study(bright_networks, learner)
    use_in_breed(bright_networks, learner, True)
    assert said == ["It is in use. " + learner.workspace.avoiding.learned.filter.reason]
    assert "too few to be trusted" in breed_line(learner.workspace.avoiding, learner.workspace.repairing)


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_search_keeps_to_the_filter(bright_networks, learner, monkeypatch, space):
    taught(bright_networks, learner)
    use_in_search(bright_networks, learner, True)
    asked = {"prompt": "anything", "algorithm": "Random search", "space": space, "generations": 2, "warm_start": 0}
    job = ask(learner, learner.workspace.view, Picked({}, None), asked)
    generator = bright_networks.generator(learner.model)
    *_, first = begin(generator, BrightJudge(), None, job, learner)
    spaces = []
    monkeypatch.setattr("spaceseed.ui.search.hunt.search", lambda *_, space, **__: spaces.append(space) or iter(()))
    list(climb(first, learner, bright_networks.turns))
    for each in (spaces[0], job.space(generator)):
        assert each.avoid.space == space
        assert each.avoid.allows(each.draw(range(200))).all()
    with pytest.raises(ValueError, match="works in z and in w"):
        ask(learner, learner.workspace.view, Picked({}, None), asked | {"space": "ws"})


def test_a_file_brings_the_filter_back(bright_networks, learner, said, tmp_path):
    taught(bright_networks, learner)
    path = learning.filter_file(learner, learner.workspace.avoiding.learned)
    before = numbers(learner.workspace.avoiding.learned)
    other = Session.on(bright_networks.generator("avatars"))
    list(switch(bright_networks, other, "tiny-stylegan2"))
    load_filter(bright_networks, other, path)
    assert numbers(other.workspace.avoiding.learned) == before
    assert len(said) == 1


def test_bad_files_are_refused_in_a_sentence_and_change_nothing(bright_networks, learner, tmp_path):
    taught(bright_networks, learner)
    learned = learner.workspace.avoiding.learned
    good = learning.filter_file(learner, learned)
    dims = learned.filter.dims
    files = {
        "belongs to the model tiny-stylegan2": ("avatars", good),
        "holds no filter": (learner.model, tmp_path / "text.safetensors"),
        "or is damaged": (learner.model, tmp_path / "nan.safetensors"),
        f"for latents of {dims + 1} numbers": (learner.model, tmp_path / "size.safetensors"),
        "cannot be read": (learner.model, tmp_path / "lost.safetensors"),
    }
    (tmp_path / "text.safetensors").write_text("no filter")
    save_file(load_file(good) | {"linear": torch.tensor([torch.nan]).double()}, tmp_path / "nan.safetensors")
    LatentFilter.fit(torch.randn(5, dims + 1), torch.randn(5, dims + 1)).save(tmp_path / "size.safetensors")
    for sentence, (model, path) in files.items():
        other = deepcopy(learner) if model == learner.model else Session.on(bright_networks.generator(model))
        before = other.workspace.avoiding.learned
        with pytest.raises(ValueError, match=sentence):
            load_filter(bright_networks, other, str(path))
        assert other.workspace.avoiding.learned is before


@pytest.fixture(scope="session")
def avatar_judge():
    from spaceseed.models.judges.clip import load_judge

    return load_judge("avatars")


@pytest.fixture
def avatars_learner(bright_networks, monkeypatch, avatar_judge):
    """One who works with the bundled model, its judge and its atlas."""
    monkeypatch.setattr(Networks, "judge", lambda self, model, progress=None: avatar_judge)
    return Session.on(bright_networks.generator("avatars"))


def test_images_teach_what_is_bad(bright_networks, learner):
    taught(bright_networks, learner, method=FROM_IMAGES, refused=50)
    learned = learner.workspace.avoiding.learned
    avoid = learned.filter
    assert (avoid.method, avoid.how, avoid.space, avoid.marks) == ("network", "soft", "w", (10, 90))
    before = learned.space.draw(range(500, 700))
    after = learned.space.restricted(avoid).draw(range(500, 700))
    assert brightness(learned.space, after).mean() < brightness(learned.space, before).mean()
    told = verdict(learned)
    assert "It keeps each image with a probability" in told
    assert "of a hundred good ones through" in told
    terms = dict(numbers(learned))
    assert "From what the images show (network)" in terms["Learned from"]
    assert "each with a probability of its own" in terms["Left as they are (acceptance)"]
    assert "nats" in terms["Change of all (KL from the prior)"]
    assert "of those held out" in terms["Good ones let through (coverage)"]


def test_an_atlas_spares_the_drawing(bright_networks, avatars_learner, monkeypatch):
    mark(avatars_learner, bad=range(3), good=range(3, 6))
    drawn = []
    generator = bright_networks.generator("avatars")
    synthesize = generator.synthesize
    monkeypatch.setattr(generator, "synthesize", lambda ws, **how: drawn.append(len(ws)) or synthesize(ws, **how))
    study(bright_networks, avatars_learner, method=FROM_IMAGES)
    assert sum(drawn) == 6
    assert avatars_learner.workspace.avoiding.learned.filter.marks == (3, 3)


def test_real_images_teach_without_marks(bright_networks, avatars_learner):
    words, _ = study(bright_networks, avatars_learner, method=FROM_IMAGES, refused=50, source=REAL)
    assert words.startswith("Learned")
    avoiding = avatars_learner.workspace.avoiding
    avoid = avoiding.learned.filter
    assert (avoid.marks, avoid.references) == ((0, 0), len(real_avatar_embeddings()))
    told = verdict(avoiding.learned)
    assert told.startswith("You can trust it: it tells generated images from real ones.")
    assert "good ones through" not in told
    terms = dict(numbers(avoiding.learned))
    assert terms["Learned from"].startswith("2,000 real images")
    assert terms["Good ones let through (coverage)"].endswith("% of draws that look like real images.")
    use_in_breed(bright_networks, avatars_learner, True)
    use_in_search(bright_networks, avatars_learner, True)
    assert breed_line(avoiding, Repairing()).endswith("learned from 2,000 real images.")
    assert search_line(avoiding, Repairing()).endswith("learned from 2,000 real images.")
    assert avatars_learner.breeding.next({}, 12).latents.shape == (12, avoiding.learned.space.generator.z_dim)
    with pytest.raises(ValueError, match="This filter is for w"):
        avoiding.searches_with("z")


def test_all_visitors_share_what_is_compared_with_real_images(bright_networks, avatars_learner, monkeypatch):
    drawn = []
    generator = bright_networks.generator("avatars")
    synthesize = generator.synthesize
    monkeypatch.setattr(generator, "synthesize", lambda ws, **how: drawn.append(len(ws)) or synthesize(ws, **how))
    study(bright_networks, avatars_learner, method=FROM_IMAGES, source=REAL)
    assert sum(drawn) == learning.DRAWN_REAL
    study(bright_networks, Session.on(generator), method=FROM_IMAGES, source=REAL, refused=60)
    assert sum(drawn) == learning.DRAWN_REAL


def test_marks_and_real_images_are_joined(bright_networks, avatars_learner):
    mark(avatars_learner, bad=range(6), good=range(6, 12))
    study(bright_networks, avatars_learner, method=FROM_IMAGES, source=BOTH)
    learned = avatars_learner.workspace.avoiding.learned
    assert (learned.filter.marks, learned.filter.references) == ((6, 6), 2_000)
    assert verdict(learned).startswith("You can trust it: it has learned more than chance.")
    assert dict(numbers(learned))["Learned from"].startswith("6 bad and 6 good ones and 2,000 real images")


def test_what_only_images_can_teach_is_said(bright_networks, avatars_learner):
    with pytest.raises(ValueError, match="choose “From what the images show"):
        study(bright_networks, avatars_learner, source=REAL)
    with pytest.raises(ValueError, match="nothing to learn from yet"):
        study(bright_networks, avatars_learner, method=FROM_IMAGES)


def test_without_the_judge_another_way_is_named(bright_networks, learner, monkeypatch):
    mark(learner, bad=[0, 1], good=[2, 3])

    def refuse(self, model, progress=None):
        raise DownloadError("no route to host")

    monkeypatch.setattr(Networks, "judge", refuse)
    with pytest.raises(DownloadError, match="cannot be downloaded now: choose “From latents"):
        study(bright_networks, learner, method=FROM_IMAGES)
    assert learner.workspace.avoiding.learned is None
