import json
import logging

import pytest
import torch
from huggingface_hub import DatasetCard, constants, hf_hub_download

from spaceseed.errors import ArgumentError, UploadError
from spaceseed.models.zoo import loading
from spaceseed.pushing.finds import MAX_FINDS, push_finds
from spaceseed.recipes.recipe import Recipe
from tests.pushing.conftest import OTHER, TOKEN

REPO = "datasets/ada/faces"


def rows(hub):
    return [json.loads(line) for line in hub.contents(REPO)["images/metadata.jsonl"].decode().splitlines()]


def refusal(recipes, repo_id="faces", token=TOKEN, **options):
    """Returns the sentence of a refused push, which must hold nothing of the token."""
    with pytest.raises(UploadError) as caught:
        push_finds(recipes, repo_id, token=token, **options)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    sentence = str(error)
    assert "secret" not in sentence + repr(error)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_what_was_pushed_draws_the_same_images(hub, finds, generator):
    pushed = push_finds(finds, "faces", token=TOKEN)
    assert (pushed.repo, pushed.revision, pushed.url) == ("ada/faces", hub.heads[REPO], f"{hub.address}/{REPO}")
    assert hub.commits == ["Add 2 finds"]
    for find in finds:
        for path in (f"images/{find.id}.png", f"recipes/{find.id}.json"):
            file = hf_hub_download("ada/faces", path, repo_type="dataset", revision=pushed.revision, token=TOKEN)
            recipe = Recipe.open(file)
            assert recipe == find
            assert torch.equal(recipe.render(generator), find.render(generator))


def test_the_viewer_is_told_of_each_image(hub, finds):
    push_finds(finds, "ada/faces", token=TOKEN)
    seed, searched = rows(hub)
    assert {f"images/{row['file_name']}" for row in (seed, searched)} < set(hub.contents(REPO))
    assert (seed["text"], seed["model"], seed["seed"], seed["prompt"]) == ("Ada | *bold*", "avatars", 3, None)
    assert (searched["text"], searched["seed"], searched["score"]) == ('red "hair", Ärger', None, 0.31)
    assert seed.keys() == searched.keys()


def test_the_card_says_what_drew_the_images_and_how_to_draw_them_again(hub, finds, tmp_path):
    push_finds(finds, "faces", token=TOKEN)
    card = DatasetCard(hub.contents(REPO)["README.md"].decode())
    assert card.data.license == "apache-2.0"
    assert card.data.pretty_name == "faces"
    assert {"spaceseed", "gan", "stylegan2"} <= set(card.data.tags)
    [config] = card.data.to_dict()["configs"]
    assert config["data_files"] == [{"split": "train", "path": "images/*"}]
    assert loading.card("avatars").sha256 in card.text
    code = card.text.split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) == 3
    again = tmp_path / "again.png"
    hub.private.clear()
    exec(code.replace("again.png", str(again)))
    assert Recipe.open(again) in finds


def test_weights_of_the_hub_are_named_by_revision_and_licence(hub, finds):
    card = loading.card("stylegan2-ffhq")
    recipe = finds[0].replace(model=card.id, sha256=card.sha256)
    push_finds([recipe, finds[1]], "faces", token=TOKEN, draw=lambda _: b"PNG")
    text = hub.contents(REPO)["README.md"].decode()
    assert f"[{card.title}]({card.source})" in text
    assert card.terms in text
    assert DatasetCard(text).data.license == "other"
    assert DatasetCard(text).data.license_name == "apache-2.0-nvidia-source-code-license"


def test_a_find_that_cannot_be_drawn_here_is_pushed_as_json_alone(hub, finds):
    unknown = finds[0].replace(model="[mine](x) | `a`", sha256="0" * 64)
    push_finds([unknown], "faces", token=TOKEN, draw=lambda _: None)
    assert set(hub.contents(REPO)) == {".gitattributes", "README.md", f"recipes/{unknown.id}.json"}
    card = DatasetCard(hub.contents(REPO)["README.md"].decode())
    assert card.data.license == "unknown"
    assert r"\[mine\](x) \| \`a\`" in card.text
    assert "configs" not in card.data.to_dict()


def test_a_second_push_adds_to_what_is_there(hub, finds):
    hub.create(REPO)
    hub.files[f"{REPO}/notes.txt"] = b"mine"
    for find in finds:
        push_finds([find], "faces", token=TOKEN, private=False)
    push_finds([finds[0].replace(name="Eve")], "faces", token=TOKEN, private=False)
    assert [row["text"] for row in rows(hub)] == ["Eve", 'red "hair", Ärger']
    assert hub.contents(REPO)["notes.txt"] == b"mine"
    assert "2 images" in hub.contents(REPO)["README.md"].decode()
    assert len(hub.commits) == 3


def test_a_card_of_somebody_else_is_kept(hub, finds):
    hub.create(REPO)
    hub.files[f"{REPO}/README.md"] = b"my words"
    push_finds(finds, "faces", token=TOKEN, private=False)
    assert hub.contents(REPO)["README.md"] == b"my words"


@pytest.mark.parametrize(
    "text", ["no JSON", "[1]", '{"file": "x.png"}', '"a"', '{"file_name": NaN}', "[" * 99_999 + "]" * 99_999]
)
def test_metadata_of_something_else_is_not_replaced(hub, finds, text):
    hub.create(REPO)
    hub.files[f"{REPO}/images/metadata.jsonl"] = text.encode()
    assert "not one of spaceseed" in refusal(finds, private=False)
    assert not hub.commits


def test_metadata_that_is_too_large_is_not_read(hub, finds, monkeypatch):
    monkeypatch.setattr("spaceseed.pushing.repository.MAX_TEXT", 10)
    hub.create(REPO)
    hub.files[f"{REPO}/images/metadata.jsonl"] = b" " * 11
    assert "too large" in refusal(finds, private=False)


def test_a_new_dataset_is_private_unless_asked_otherwise(hub, finds):
    push_finds(finds, "faces", token=TOKEN)
    assert REPO in hub.private
    push_finds(finds, "open", token=TOKEN, private=False)
    assert "datasets/ada/open" not in hub.private


def test_private_finds_do_not_go_to_a_public_dataset(hub, finds):
    hub.create(REPO)
    assert "public" in refusal(finds)
    assert not hub.commits


@pytest.mark.parametrize(
    "name", ["", "my faces", "../faces", "a/b/c", "-faces", "faces.", "a--b", "a..b", "faces.git", "é", "a" * 97, "a\n"]
)
def test_a_name_that_the_hub_does_not_allow_needs_no_request(hub, finds, name):
    with pytest.raises(ArgumentError, match="repo_id"):
        push_finds(finds, name, token=TOKEN)
    assert not hub.requests


def test_a_push_has_1_to_500_finds(hub, finds):
    many = [finds[0].replace(latent=finds[0].latent + step, seed=None) for step in range(MAX_FINDS + 1)]
    for recipes in ([], many):
        with pytest.raises(ArgumentError, match="recipes"):
            push_finds(recipes, "faces", token=TOKEN, draw=lambda _: b"PNG")
    assert not hub.requests


@pytest.mark.parametrize("recipes", [None, 3, "find", [3]])
def test_what_is_no_recipe_is_refused(hub, finds, recipes):
    with pytest.raises(ArgumentError, match="must be recipes"):
        push_finds(recipes, "faces", token=TOKEN)
    with pytest.raises(ArgumentError, match="must be recipes"):
        push_finds(finds[0], "faces", token=TOKEN)
    assert not hub.requests


def test_earlier_rows_may_have_any_text(hub, finds):
    """Half a surrogate pair cannot be written; backticks and bars would end the cell of the table."""
    push_finds(finds[:1], "faces", token=TOKEN)
    row = {"file_name": "a.png", "text": "\ud800", "model": "m`|", "weights_sha256": "`|<b>x"}
    hub.files[f"{REPO}/images/metadata.jsonl"] = json.dumps(row).encode()
    push_finds(finds[:1], "faces", token=TOKEN)
    assert rows(hub)[0]["text"] == "?"
    assert ", `m` | `<b>x` |" in " ".join(hub.contents(REPO)["README.md"].decode().split())


def test_a_token_that_is_none_is_refused(hub, finds):
    assert "sign in again" in refusal(finds, token="hf_\N{LATIN SMALL LETTER E WITH ACUTE}")


def test_someone_elses_name_is_refused(hub, finds):
    assert "may not write" in refusal(finds, "eve/faces")
    hub.create("datasets/eve/faces")
    assert "may not write" in refusal(finds, "eve/faces", private=False)
    hub.create(REPO)
    hub.locked.add(REPO)  # its owner's, but this app has not made it
    assert "may not write" in refusal(finds, private=False)
    assert not hub.commits


def test_an_unknown_token_is_refused(hub, finds):
    assert "sign in again" in refusal(finds, token="hf_stale_secret")


@pytest.mark.parametrize(
    ("status", "words"),
    [(400, "400"), (401, "sign in"), (402, "402"), (403, "may not"), (429, "too many requests"), (500, "500")],
)
def test_a_refusal_of_the_hub_is_one_sentence(hub, finds, status, words):
    hub.status = status
    assert words in refusal(finds)


def test_no_connection_is_said(hub, finds, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in refusal(finds)


def test_offline_mode_is_said(hub, finds, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in refusal(finds)


def test_a_commit_in_the_meantime_is_not_overwritten(hub, finds):
    push_finds(finds[:1], "faces", token=TOKEN)
    hub.busy = lambda: hub.heads.update({REPO: "f" * 40})
    assert "meantime" in refusal(finds)
    assert len(rows(hub)) == 1


def test_the_token_goes_to_the_hub_and_nowhere_else(hub, finds, caplog, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", OTHER)  # the Space's own, which is not the visitor's
    caplog.set_level(logging.DEBUG)
    push_finds(finds, "faces", token=TOKEN)
    hub.status = 403
    refusal(finds)
    assert {header for _, _, header in hub.requests} == {f"Bearer {TOKEN}"}
    assert "secret" not in caplog.text
    assert not any(b"secret" in content for content in hub.files.values())


def test_no_request_is_made_before_all_is_drawn(hub, finds):
    shares = []

    def progress(share):
        shares.append((share, len(hub.requests)))
        if len(shares) > 3:
            raise KeyboardInterrupt

    push_finds(finds, "faces", token=TOKEN, progress=progress)
    assert shares == [(0, 0), (0.5, 0), (1, 0)]


def test_an_interrupted_push_leaves_nothing(hub, finds):
    def stop(share):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        push_finds(finds, "faces", token=TOKEN, progress=stop)
    assert not hub.requests
