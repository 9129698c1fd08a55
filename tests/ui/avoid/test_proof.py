"""The proof on the Avoid tab: figures without and with the filter."""

import pytest

from spaceseed.errors import DownloadError
from spaceseed.metrics.report import Figure
from spaceseed.models.judges import inception
from spaceseed.ui.avoid import proof
from spaceseed.ui.state.session import Session
from tests.ui.avoid.lessons import mark, study, taught


def test_figures_of_avatars_are_measured_against_renders(bright_networks, said):
    learner = Session.on(bright_networks.generator("avatars"))
    taught(bright_networks, learner)
    *_, (words, _) = proof.measure(bright_networks, learner, 50)
    assert words == ""
    rows = proof.table(learner.workspace.avoiding.figures)
    named = [row[0].partition(" (")[2].partition(",")[0] for row in rows]
    assert named == ["Frechet distance", "Kernel distance", "Precision", "Recall"]
    assert all(row[0].endswith("avatar features)") and row[3] == "50" for row in rows)
    assert learner.workspace.avoiding.told.startswith("With the filter images are ")
    assert "against 1,000 rendered avatars" in learner.workspace.avoiding.conditions


def test_figures_of_other_models_need_good_examples(bright_networks, learner, monkeypatch):
    mark(learner, bad=[0, 1], good=[2, 3])
    study(bright_networks, learner)
    with pytest.raises(ValueError, match="50 good examples"):
        list(proof.measure(bright_networks, learner, 50))
    taught(bright_networks, learner)

    class Colours:
        name = "Inception features"

        def __call__(self, images):
            return images.mean(dim=(2, 3))

    def cannot_load(progress):
        raise DownloadError("weights.pth of some/repo cannot be downloaded: no route to host.")

    monkeypatch.setattr(inception, "inception_file", cannot_load)
    with pytest.raises(DownloadError, match="network that compares images cannot be downloaded now"):
        list(proof.measure(bright_networks, learner, 50))
    monkeypatch.setattr(inception, "inception_file", lambda progress: None)
    monkeypatch.setattr(inception, "load_inception", lambda device: Colours())
    list(proof.measure(bright_networks, learner, 60))
    without, with_it = learner.workspace.avoiding.figures[0]
    assert without.name == "Frechet distance, Inception features"
    assert (without.count, without.reference) == (60, 92)
    assert with_it.value != without.value
    with pytest.raises(ValueError, match="whole number from 50"):
        list(proof.measure(bright_networks, learner, 49))


@pytest.mark.parametrize(
    ("distances", "recalls", "told"),
    [
        ((9, 5), (0.5, 0.5), "With the filter images are closer to real ones, and that is more than chance."),
        ((9, 13), (0.5, 0.5), "With the filter images are farther from real ones, and that is more than chance."),
        ((9, 8), (0.5, 0.5), "closer to real ones, but that may be chance: measure more images to be sure."),
        ((9, 5), (9, 5), "more than chance. They are less varied."),
    ],
)
def test_the_proof_is_told_in_words(distances, recalls, told):
    pairs = tuple(
        tuple(Figure(name, value, value - 1, value + 1, 50, 50) for value in values)
        for name, values in (("Frechet distance, x", distances), ("Recall, x", recalls))
    )
    assert told in proof.verdict(pairs, "real ones")
