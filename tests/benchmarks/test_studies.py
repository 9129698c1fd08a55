"""Each study runs from end to end on the bundled networks, and writes what it promises."""

import json
import pickle
import random
import sys
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from huggingface_hub import constants

from benchmarks import (
    atlas,
    avoidance,
    cost,
    dissection,
    harness,
    pareto,
    photographs,
    prior_study,
    projection,
    projection_faces,
    projection_runs,
    search_quality,
    search_settings,
    steering,
    synthesis,
    trust,
)
from benchmarks.report import page, summary
from spaceseed.directions.contrast import contrast_directions
from spaceseed.errors import CheckpointError
from spaceseed.images import from_uint8
from spaceseed.mixing.styles import mix, style_groups
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.models.judges.clip import load_judge
from spaceseed.models.judges.encoder import save_encoder
from spaceseed.models.judges.perceptual import load_distance
from spaceseed.models.zoo.loading import load
from spaceseed.recipes.recipe import Recipe
from spaceseed.training.bundled.avatars import Renders, render, sample
from spaceseed.training.bundled.redrawn import Redrawn, similarity
from spaceseed.training.encoder import EncoderConfig, EncoderTrainer


@pytest.fixture
def results(tmp_path, monkeypatch):
    threads = torch.get_num_threads()

    def run(study, *options):
        monkeypatch.setattr(sys, "argv", [study.__name__, "--quick", "--out", str(tmp_path), *options])
        study.main()
        name = study.__name__.rpartition(".")[2]
        assert (tmp_path / f"{name}.md").read_text().count("\n| ") > 3
        return json.loads((tmp_path / f"{name}.json").read_text())

    yield run
    torch.set_num_threads(threads)


@pytest.fixture
def few(monkeypatch):
    """Fewer images and runs than a quick run has, where what is tested does not depend on how many."""
    monkeypatch.setattr(harness, "REFERENCE_SEEDS", range(8))
    monkeypatch.setattr(steering, "BISECTIONS", 2)
    monkeypatch.setattr(steering, "PAIRS", 2)


@pytest.fixture
def in_threads(monkeypatch):
    """Threads in place of processes, which import everything again."""
    monkeypatch.setattr(harness.multiprocessing, "get_context", lambda _: SimpleNamespace(Pool=ThreadPool))


@pytest.mark.slow
@pytest.mark.usefixtures("few", "in_threads")
def test_search_quality(results, monkeypatch):
    # What the methods do is tested in test_harness; here a few of them suffice.
    some = {"atlas alone", "random seeds", "cmaes SepCMA"}
    monkeypatch.setattr(search_quality, "PEERS", {name: search_quality.PEERS[name] for name in some})
    assert pickle.loads(pickle.dumps(search_quality.runs(search_quality.FINAL, {70: 2, 80: 1})))
    figures = results(search_quality, "--workers", "1")
    methods = {*search_quality.OURS, *some}
    for rows in figures["budgets"].values():
        assert {row["method"] for row in rows} == methods
        assert all(0 <= row[share][0] <= 1 for row in rows for share in ("confirmed", "witnessed"))
        assert all(-1 <= row["score"][0] <= 1 for row in rows)
    assert set(figures["curves"]) == methods
    assert {name for name, count in figures["lookups"].items() if count} == {search_quality.BEST, "atlas alone"}
    assert "after 70 images" in page("search_quality", figures) + summary("search_quality", figures)


@pytest.mark.slow
@pytest.mark.usefixtures("few", "in_threads")
def test_search_settings(results, monkeypatch):
    some = (
        search_settings.DEFAULT,
        "without the atlas",
        "in z",
        "one w for each layer",
        "four augmentations",
        "the whole covariance, restarts",
        "gradients after 250 images",
    )
    monkeypatch.setattr(search_settings, "CHANGES", {name: search_settings.CHANGES[name] for name in some})
    assert pickle.loads(pickle.dumps(search_settings.CHANGES)).keys() == set(some)
    figures = results(search_settings, "--workers", "1")
    assert [row["change"] for row in figures["rows"]] == list(some)
    for budget in map(str, figures["budgets"]):
        assert figures["rows"][0][budget]["gain"] == [0, 0]
        assert all(0 <= row[budget]["confirmed"][0] <= 1 for row in figures["rows"])
    assert "after 70 and after 100 images" in page("search_settings", figures)
    assert "the best of 70 images" in summary("search_settings", figures)


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_pareto(results):
    figures = results(pareto)
    assert [row["method"] for row in figures["rows"]] == 2 * list(pareto.METHODS)
    assert all(row["hypervolume"][0] > 0 for row in figures["rows"])
    assert figures["rows"][0]["gain"] == [0, 0]
    assert "with 32 members" in page("pareto", figures)
    assert "after 96 images" in summary("pareto", figures)


def test_trust(results):
    rows = results(trust)["rows"]
    assert {row["wrong"] for row in rows} == {None, *trust.WRONG}
    assert all(0 <= row["ever"] <= row["runs"] for row in rows)
    bad, good = trust.marks(40, 8, wrong=0.0, seed=0)
    assert bad[:, 0].min() > trust.BORDER > good[:, 0].max()
    after = trust.trusted_after(bad, good, "mean")
    assert 5 < after < 40
    assert not trust.LatentFilter.fit(bad[: after - 1], good[: after - 1], "mean").trustworthy
    assert trust.LatentFilter.fit(bad[:after], good[:after], "mean").trustworthy


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_prior_study(results, monkeypatch, tmp_path):
    def stand_in(_split, _folder, _classifier, count):
        return torch.rand(count, 96, generator=torch.Generator().manual_seed(count))

    monkeypatch.setattr(prior_study, "render_features", stand_in)
    monkeypatch.setattr(prior_study, "FRACTIONS", (0.0, 0.5))
    monkeypatch.setattr(prior_study, "PRIORS", {name: prior_study.PRIORS[name] for name in ("free", "shell")})
    figures = results(prior_study)
    assert figures["along"]["norm"]["lerp"][-1] == pytest.approx(0.5**0.5, abs=0.05)
    assert figures["along"]["norm"]["slerp"][-1] == pytest.approx(1, abs=0.05)
    assert figures["searches"]["shell, z"]["norm"][-1] == pytest.approx(1, abs=1e-3)
    assert (tmp_path / "prior_study.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_cost(results):
    figures = results(cost)
    assert set(figures["images_a_second"]) == {"1", "16"}
    assert all(0 < share < 1 for share in figures["share_outside_networks"].values())


@pytest.mark.slow
def test_atlas(results, monkeypatch):
    monkeypatch.setattr(constants, "HF_HOME", constants.HF_HOME)  # the study changes it
    figures = results(atlas)
    recalls = [row["recall"] for row in figures["rounding"]]
    assert recalls == sorted(recalls)
    assert recalls[-1] > 0.9
    assert all(row["recall"] > 0.9 for row in figures["index"])
    assert 0 < figures["images_a_second"]["build"] < 2 * figures["images_a_second"]["networks"]
    assert all(time > 0 for row in figures["query_milliseconds"].values() for time in row.values())


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_steering(results):
    figures = results(steering)
    taught = {"SVM", "SVM, others kept", "attributes", "attributes, others kept"}
    assert set(figures["methods"]) == {*taught, "sefa", "ganspace", "random"}
    for rows in figures["methods"].values():
        assert all(0 <= row["share"] <= 1 and -1 <= row["change"] <= 1 for row in rows)
    assert figures["methods"]["attributes"][0]["change"] > 0
    assert all("confirmed" in row for method in taught for row in figures["methods"][method])
    assert not any("confirmed" in row for row in figures["methods"]["random"])
    assert all(0 <= share <= 1 for taken in figures["mixing"].values() for share in taken.values())


@pytest.mark.slow
def test_photographs(results, monkeypatch):
    """With the bundled faces and three colours in place of photographs and networks of faces."""

    names = ("red", "green", "blue")

    def witnesses(images):
        return dict(zip(names, images.mean(dim=(2, 3)).unbind(dim=1), strict=True))

    generator = load("avatars", device="cpu")
    colours = contrast_directions(generator, witnesses, samples=64)
    monkeypatch.setattr(photographs, "NAMES", names)
    monkeypatch.setattr(photographs, "load", lambda _: generator)
    monkeypatch.setattr(photographs, "Witnesses", lambda _: witnesses)
    monkeypatch.setattr(photographs, "directions_of", lambda *_: colours)
    figures = results(photographs)
    assert [row["name"] for row in figures["directions"]] == list(names)
    assert all(set(row["changes"]) == set(names) for row in (*figures["directions"], *figures["random"]))
    assert all(row["ends"][2][0] > row["ends"][0][0] and row["grew"] == 2 for row in figures["directions"])
    assert not any("ends" in row for row in figures["random"])


@pytest.fixture
def own_pictures(monkeypatch, tmp_path):
    """Drawings for `projection`, the bundled faces in place of photographs, and the options for a fresh encoder."""
    avatars = [sample(random.Random(seed)) for seed in range(projection_runs.COMPARED)]
    drawn = Renders(np.stack([render(avatar) for avatar in avatars]), avatars)
    for module in (projection, projection_runs):
        monkeypatch.setattr(module, "renders", lambda *_: drawn)
    for name, of in (("FACES", projection), ("MODEL", projection_faces)):
        monkeypatch.setattr(of, name, "avatars")
    fresh = EncoderTrainer(load("avatars", device="cpu"), load_distance(), EncoderConfig()).encoder
    save_encoder(fresh, tmp_path / "encoder.safetensors")
    return "--workers", "1", "--encoder", str(tmp_path / "encoder.safetensors")


@pytest.mark.slow
@pytest.mark.usefixtures("in_threads")
def test_projection(results, own_pictures, monkeypatch):
    others = [way for way in projection.OTHERS if way.start in {"seeds", "atlas"} or way.method in {"ada", "cma"}]
    monkeypatch.setattr(projection, "OTHERS", tuple(others))
    monkeypatch.setattr(projection, "DISTANCES", ("classifier", "pixels", projection.REFINED.distance))
    monkeypatch.setattr(projection, "PROXIMITIES", (0.0,))
    monkeypatch.setattr(projection, "EDITED", ("glasses",))
    monkeypatch.setattr(projection, "photograph_of", lambda _: None)
    assert pickle.loads(pickle.dumps(projection.tasks_of("avatars", projection.Size())))
    figures = results(projection, *own_pictures)
    assert set(figures) == set(projection.PARTS)
    rows = figures["avatars"]["rows"]
    assert [row["method"] for row in rows] == ["", "adam", *(way.method for way in others)]
    for row in rows:
        for kind in ("renders", "samples"):
            assert 0 <= row[kind]["attributes"][0] <= 1
            assert row[kind]["similarity"][0] < 1
            assert (row[kind]["steps"][0] > 0) == bool(row["method"])
    mean = rows[0]["samples"]["w"]  # a fresh encoder answers the mean w
    assert 0.3 < mean[0] < 3
    assert set(figures["distances"]["rows"]) == set(projection.DISTANCES)
    assert set(figures["editing"]["rows"]) == {"w", "w+, proximity 0"}
    assert figures["photographs"]["samples"]["runs"] == 1


@pytest.mark.slow
@pytest.mark.usefixtures("in_threads")
def test_parts_of_projection_that_are_not_run_are_kept(results, own_pictures, monkeypatch, tmp_path):
    (tmp_path / "projection.json").write_text('{"avatars": 1}')
    monkeypatch.setattr(projection, "save", lambda _args, name, its: _written(tmp_path, name, its))
    monkeypatch.setattr(projection, "load", _not_installed)
    figures = results(projection, *own_pictures, "--only", "photographs")
    assert figures["avatars"] == 1
    assert "make faces" in figures["photographs"]["missing"]


def _written(folder, name, figures):
    (folder / f"{name}.json").write_text(json.dumps(figures))
    (folder / f"{name}.md").write_text(4 * "\n| ")


def _not_installed(*_, **__):
    raise CheckpointError("not installed")


@pytest.mark.slow
def test_mixing_counts_what_is_taken_over():
    generator, classifier = load("avatars", device="cpu"), load_classifier("avatars")
    z = latents_from_seeds(range(32), generator.z_dim)
    ws = generator.map(z)
    faces = steering.Faces(generator, classifier, load_judge("avatars"), ws[:16])
    with torch.no_grad():
        taken = steering.examine_mixing(faces, ws[16:])
        assert set(taken) == {"coarse", "middle", "fine"}
        shapes, colours = ("hair", "glasses", "eyes", "mouth"), ("skin",)
        for group, decided, left in (("coarse", shapes, colours), ("middle", colours, shapes)):
            assert min(taken[group][name] for name in decided) > 0.8
            assert max(taken[group][name] for name in left) < 0.2
        # As counted one by one on the children that the Mix tab draws.
        finds = [Recipe.of(generator, latent) for latent in z]
        for group, layers in style_groups(generator).items():
            counts = []
            for base, other in zip(finds[:16], finds[16:], strict=True):
                child = mix(generator, base, other, layers)
                drawn = torch.cat([generator.synthesize(recipe.ws(generator)) for recipe in (base, other, child)])
                own, theirs, shown = (words["eyes"] for words in classifier.words(drawn))
                counts += [shown == theirs] if own != theirs else []
            assert taken[group]["eyes"] == pytest.approx(sum(counts) / len(counts), abs=1e-3)


@pytest.mark.slow
def test_synthesis(results, monkeypatch):
    names = {synthesis.PROFILED, "avatars, 64 px"}
    monkeypatch.setattr(synthesis, "NETWORKS", {name: synthesis.NETWORKS[name] for name in names})
    figures = results(synthesis)
    assert {row["network"] for row in figures["speeds"]} == names
    assert all(row["difference"] < 1e-4 and 0 < row["share_of_peak"] < 1.5 for row in figures["speeds"])
    assert set(figures["parts"]["synthesize"]) == set(figures["parts"]["port"])


@pytest.mark.slow
def test_avoidance(results, monkeypatch, tmp_path):
    # 200 faces that 16 drawings make, since drawing takes longest.
    avatars = [sample(random.Random(seed % 16)) for seed in range(208)]
    images = np.stack([render(avatar) for avatar in avatars[:16]] * 13)
    monkeypatch.setattr(avoidance, "TRUNCATIONS", (0.5,))
    monkeypatch.setattr(avoidance, "KEEPS", (0.5,))
    monkeypatch.setattr(avoidance, "renders", lambda *_: Renders(images, avatars))
    monkeypatch.setattr(
        avoidance, "imagenet_features", lambda x: torch.nn.functional.adaptive_avg_pool2d(x, 3).flatten(1)
    )
    figures = results(avoidance)
    for name, spaces in (("avatars-pggan", "z"), ("avatars", "zw")):
        rows = figures["generators"][name]["keep"]["0.5"]
        wanted = {f"{method}, {space}" for method in ("marks", "renders", "latents, soft") for space in spaces}
        assert wanted <= set(rows) or name == "avatars"  # of which too few are broken for two bad marks
        assert all(0 <= row["broken"][0] <= 1 for row in rows.values())
    assert 0.1 < figures["generators"]["avatars-pggan"]["all"]["broken"] < 0.5
    assert (tmp_path / "avoidance.png").read_bytes().startswith(b"\x89PNG")


def test_a_smudged_face_is_worse_than_a_drawn_one():
    drawn = from_uint8(np.stack([render(sample(random.Random(seed))) for seed in range(4)]))
    # The left half of one face, the right half of another.
    torn = torch.cat([drawn[:, :, :, :32], drawn.roll(1, dims=0)[:, :, :, 32:]], dim=3)
    scores = Redrawn(load_classifier("avatars"))(torch.cat([drawn, torn]))
    assert scores[:4].min() > scores[4:].max()
    assert similarity(drawn, drawn) == pytest.approx(torch.ones(4), abs=1e-5)


@pytest.mark.slow
def test_dissection(results, monkeypatch, tmp_path):
    rng = random.Random(0)
    drawings = Renders(np.stack([render(sample(rng)) for _ in range(100)]), [])
    monkeypatch.setattr(dissection, "renders", lambda *_: drawings)
    monkeypatch.setattr(dissection, "CLASSES", {"glasses": dissection.CLASSES["glasses"]})
    figures = results(dissection)
    assert {row["layer"] for row in figures["layers"]} >= set(load("avatars").layers)
    assert [row["how"] for row in figures["interventions"]] == ["overlap", "optimised", "random"]
    overlap, _, chance = figures["interventions"]
    assert overlap["change"] < min(chance["change"], 0)
    assert 0 <= overlap["seen after"] <= overlap["seen before"] <= 1
    assert all(0 <= row["broken"][0] <= 1 for row in figures["repairs"]["after"].values())
    assert (tmp_path / "dissection.png").exists()
    assert "40 marks repair" in summary("dissection", figures)
    assert "Without its first 20 units" in page("dissection", figures)
