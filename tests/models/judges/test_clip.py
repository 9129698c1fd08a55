import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from spaceseed.errors import ArgumentError, CheckpointError, DownloadError
from spaceseed.models.judges import clip as judges
from spaceseed.models.judges.clip import PICKLED_WEIGHTS, SAFE_WEIGHTS, Judge, load_judge
from tests.hub import StandInHub, stand_in_hub

# isort: split
import open_clip

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 4, "heads": 1, "layers": 1},
}
PUBLIC = "ViT-B-32/laion2b_s34b_b79k"


@pytest.fixture(scope="module")
def judge():
    return load_judge("avatars")


@pytest.fixture(scope="module")
def photos():
    """Returns uint8 [3, 48, 80, 3]: smooth like photographs, with edges that can alias."""
    y, x = np.mgrid[0:48, 0:80]
    waves = [np.sin(x / 7 + k) * np.cos(y / 5) + (x * (k + 1) // 16 + y // 12) % 2 for k in range(9)]
    stack = np.stack(waves).reshape(3, 3, 48, 80).transpose(0, 2, 3, 1)
    return ((stack - stack.min()) / np.ptp(stack) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory):
    """Returns a folder with the configuration of a tiny model under a public name, and random weights for it."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "ViT-B-32.json").write_text(json.dumps(TINY))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = open_clip.model.CLIP(**TINY)
    save_file({name: t.contiguous() for name, t in model.state_dict().items()}, folder / "open_clip_model.safetensors")
    return folder


def to_tensor(pixels):
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def pil_transform(judge):
    config = open_clip.transform.PreprocessCfg(**judge.model.visual.preprocess_cfg)
    return open_clip.transform.image_transform_v2(config, is_train=False)


def with_preprocessing(judge, **changes):
    """Returns a judge with the same model and other preprocessing."""
    other = Judge(judge.model, judge.tokenizer)
    other._preprocess = open_clip.transform.PreprocessCfg(**{**judge.model.visual.preprocess_cfg, **changes})
    return other


def test_preprocessing_is_exact_at_the_models_own_size(judge, photos):
    squares = np.ascontiguousarray(np.concatenate([photos, photos], axis=1)[:, :64, :64])
    expected = torch.stack([pil_transform(judge)(Image.fromarray(photo)) for photo in squares])
    torch.testing.assert_close(judge.preprocess(to_tensor(squares)), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("size", [24, 37, 224])
def test_preprocessing_resizes_as_open_clip_does_with_pil(judge, photos, mode, interpolation, size):
    config = {"size": size, "resize_mode": mode, "interpolation": interpolation, "mean": (0.48, 0.46, 0.41)}
    changed = with_preprocessing(judge, **config)
    transform = open_clip.transform.image_transform_v2(changed._preprocess, is_train=False)
    expected = torch.stack([transform(Image.fromarray(photo)) for photo in photos])
    ours = changed.preprocess(to_tensor(photos))
    assert ours.shape == expected.shape == (3, 3, size, size)
    # PIL rounds to 8 bits after each of two passes; one step is 1 / 255 / std.
    assert (ours - expected).abs().max() < 3 / 255 / 0.5
    assert (ours - expected).abs().mean() < 0.6 / 255 / 0.5


def test_scores_do_not_depend_on_the_batch(judge):
    images = torch.rand(7, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    together = judge.score(images, "a smiling woman")
    alone = torch.cat([judge.score(image[None], "a smiling woman") for image in images])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_scores_are_cosine_similarities(judge):
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    faces, texts = judge.embed_images(images), judge.embed_text(["a sad man", "glasses"])
    assert faces.shape[1] == texts.shape[1]
    for embedding in (faces, texts):
        torch.testing.assert_close(embedding.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(judge.score(images, "glasses"), faces @ judge.embed_text("glasses")[0])


@pytest.mark.parametrize("side", [64, 100])
def test_gradients_reach_every_image(judge, side):
    images = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0)).requires_grad_()
    judge.score(images, "a smiling woman").sum().backward()
    assert images.grad is not None
    assert (images.grad.abs().sum(dim=(1, 2, 3)) > 0).all()
    assert all(parameter.grad is None for parameter in judge.model.parameters())


def test_what_the_screen_clips_cannot_raise_a_score(judge):
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 6 - 3
    torch.testing.assert_close(judge.score(images, "red hair"), judge.score(images.clamp(-1, 1), "red hair"))


@pytest.mark.parametrize("text", ["", "🙂🙂", "eine lächelnde Frau", "smile " * 2000, "女の人"])
def test_any_text_has_an_embedding(judge, text):
    assert judge.embed_text(text).isfinite().all()


WORDS = "a smiling woman with long red hair and round glasses"


def test_a_text_that_fits_is_embedded_in_one_piece(judge):
    texts = [WORDS, "red " * 30]  # 30 words, a start and an end fill the 32 tokens exactly
    assert judge.tokenizer(texts)[1].count_nonzero() == 32
    assert torch.equal(judge.tokenizer(["red " * 31])[0], judge.tokenizer(texts)[1])
    whole = judge.model.encode_text(judge.tokenizer(texts), normalize=True)
    assert torch.equal(judge.embed_text(texts), whole)
    beside_a_long_one = judge.embed_text([*texts, "red " * 31])
    assert not torch.equal(beside_a_long_one[2], beside_a_long_one[1])


def test_a_long_text_is_the_mean_of_its_parts(judge):
    first, second = f"{WORDS}, on a yellow background", "a sad bald man with a black hat, a beard and a green hoodie"
    parts = judge.embed_text([f"{first}.", second])
    expected = torch.nn.functional.normalize(parts.mean(dim=0), dim=0)
    torch.testing.assert_close(judge.embed_text(f"{first}. {second}")[0], expected)
    images = torch.rand(5, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    scores = judge.score(images, f"{first}. {second}")
    means = (judge.embed_images(images) @ parts.T).mean(dim=1)
    torch.testing.assert_close(scores / means, (scores / means)[:1].expand(5))


def test_the_last_words_of_a_long_prompt_count(judge):
    pytest.importorskip("python_avatars", reason="rendering needs requirements-train.txt")
    from dataclasses import replace

    from spaceseed.training.bundled.avatars import Avatar, render

    smiling = Avatar("light", "short", "brown", "none", "none", "open", "relaxed", "smile", "hoodie", "blue", "white")
    pair = to_tensor(np.stack([render(smiling), render(replace(smiling, mouth="sad"))]))
    smile = "a smiling, happy man, a big smile, smile, a broad smile, a friendly, cheerful and happy face, full of joy."
    sad = f"{smile} a sad face, a sad mouth, a sad and unhappy person, who looks sad and is not happy at all."
    assert torch.equal(judge.tokenizer([smile]), judge.tokenizer([sad]))  # without splitting they would be equal
    for_smile, for_sad = (judge.score(pair, text).diff().item() for text in (smile, sad))
    assert for_sad > for_smile + 0.1


@pytest.mark.parametrize("text", ["x" * 5000, "🙂" * 500, "é,é" * 400, "," * 2000])
def test_one_endless_word_is_embedded_too(judge, text):
    assert torch.allclose(judge.embed_text(text).norm(dim=1), torch.ones(1))


class StandInTokenizer:
    """Numbers words as open_clip's tokenizers do, with their start, end and padding tokens."""

    def __init__(self, start=(), end=(), padding=0, left=False, last=()):
        self.start, self.end, self.padding, self.left, self.last = start, end, padding, left, last

    def __call__(self, texts, context_length=12):
        rows = []
        for text in texts:
            room = context_length - len(self.start) - len(self.end) - len(self.last)
            row = [*self.start, *(5 + len(word) for word in text.split()[:room]), *self.end]
            padding = [self.padding] * (context_length - len(self.last) - len(row))
            rows.append([*(padding + row if self.left else row + padding), *self.last])
        return torch.tensor(rows)


@pytest.mark.parametrize(
    ("options", "room"),
    [
        ({"start": (101,), "end": (102,)}, 10),  # BERT
        ({"start": (101,), "end": (0,)}, 10),  # BERT without its end
        ({"end": (1,), "padding": 1}, 11),  # SigLIP
        ({}, 12),
        ({"start": (2,), "left": True}, 11),
        ({"last": (101,)}, 11),  # CLIPS
    ],
)
def test_whether_a_text_fits_is_told_of_any_tokenizer(judge, options, room):
    other = Judge(judge.model, StandInTokenizer(**options))
    told = [other._fits("word " * count) for count in (0, 1, room - 1, room, room + 1, 3 * room)]
    assert told == [True, True, True, True, False, False]


@pytest.mark.parametrize(
    ("name", "activation"),
    [
        ("ViT-B-32/openai", "QuickGELU"),
        ("ViT-B-32/laion400m_e32", "QuickGELU"),
        ("ViT-B-32-quickgelu/laion400m_e32", "QuickGELU"),
        ("RN50/yfcc15m", "QuickGELU"),
        ("ViT-B-32/laion2b_s34b_b79k", "GELU"),
        ("ViT-B-32/datacomp_xl_s13b_b90k", "GELU"),
        (f"ViT-B-32/{__file__}", "GELU"),
        (f"ViT-B-32-quickgelu/{__file__}", "QuickGELU"),
    ],
)
def test_models_have_the_activation_that_their_weights_were_trained_with(monkeypatch, name, activation):
    public = open_clip.factory._MODEL_CONFIGS
    tiny = {key: {**public[key], **TINY} for key in ("ViT-B-32", "ViT-B-32-quickgelu", "RN50")}
    monkeypatch.setattr("open_clip.factory._MODEL_CONFIGS", tiny)
    monkeypatch.setattr("open_clip.factory.download_pretrained", lambda config, cache_dir=None: "weights")
    monkeypatch.setattr("open_clip.factory.load_checkpoint", lambda *args, **options: {})
    monkeypatch.setattr(judges, "fetch", lambda *args, **options: None)
    model = load_judge(name).model
    found = {type(module).__name__ for module in model.modules()} & {"GELU", "QuickGELU"}
    assert found == {activation}


@pytest.mark.parametrize(
    ("text", "shows", "lacks"),
    [
        ("a smiling face", {"mouth": "smile"}, {"mouth": "sad"}),
        ("red hair", {"hair_color": "red"}, {"hair_color": "black"}),
        ("bearded man", {"beard": "full"}, {"beard": "none"}),
        ("glasses", {"glasses": "round"}, {"glasses": "none"}),
        ("sunglasses", {"glasses": "sunglasses", "eyes": "hidden"}, {"glasses": "square"}),
        ("woman with long hair", {"hair": "straight", "beard": "none"}, {"hair": "bald", "beard": "none"}),
        ("bald", {"hair": "bald"}, {"hair": "afro"}),
        ("winking", {"eyes": "wink"}, {"eyes": "open"}),
        ("angry", {"brows": "angry"}, {"brows": "relaxed"}),
        ("green background", {"background": "green"}, {"background": "pink"}),
    ],
)
def test_the_bundled_judge_prefers_matching_faces(judge, text, shows, lacks):
    pytest.importorskip("python_avatars", reason="rendering needs requirements-train.txt")
    from dataclasses import replace

    from spaceseed.training.bundled.avatars import Avatar, render

    bases = [
        Avatar("light", "short", "brown", "none", "stubble", "open", "relaxed", "serious", "hoodie", "blue", "white"),
        Avatar("brown", "pixie", "blonde", "square", "none", "happy", "raised", "open", "t-shirt", "red", "yellow"),
    ]
    for base in bases:
        pair = np.stack([render(replace(base, **values)) for values in (shows, lacks)])
        matching, other = judge.score(to_tensor(pair), text).tolist()
        assert matching > other + 0.05


def test_unknown_models_are_named_in_the_error(tmp_path):
    for name in (
        "avatar",
        "ViT-B-32",
        "ViT-B-32/nonsense",
        "ViT-Z/openai",
        f"ViT-Z/{__file__}",
        "",
        "ViT-B-32/" + 5000 * "x",
    ):
        with pytest.raises(ArgumentError, match="ViT-B-32/laion2b_s34b_b79k") as caught:
            load_judge(name)
        assert caught.value.value == name


def test_without_the_hub_there_is_one_sentence_and_no_log(tmp_path, caplog, capfd):
    with stand_in_hub(tmp_path) as hub, caplog.at_level("INFO"):
        hub.stop()
        with pytest.raises(DownloadError, match="the connection to the Hub failed") as caught:
            load_judge(PUBLIC)
    assert "\n" not in str(caught.value)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_a_repository_without_the_file_is_named(tmp_path):
    with stand_in_hub(tmp_path) as hub:
        hub.files["laion/CLIP-ViT-B-32-laion2B-s34B-b79K/other"] = b""
        with pytest.raises(DownloadError, match="no such file"):
            load_judge(PUBLIC)
    assert [path.rpartition("/")[2] for _, path in hub.asked] == [SAFE_WEIGHTS, PICKLED_WEIGHTS]


def test_what_is_no_name_or_device_is_named():
    for arguments, name in ((("avatars", "gpu"), "device"), ((3,), "name"), (([PUBLIC],), "name")):
        with pytest.raises(ArgumentError) as caught:
            load_judge(*arguments)
        assert caught.value.name == name


@pytest.mark.parametrize(
    ("images", "text", "name"),
    [
        (torch.zeros(3, 8, 8), "glasses", "images"),
        (torch.zeros(1, 1, 8, 8), "glasses", "images"),
        (torch.full((1, 3, 8, 8), torch.nan), "glasses", "images"),
        (torch.zeros(1, 3, 0, 8), "glasses", "images"),
        ("glasses", torch.zeros(1, 3, 8, 8), "text"),
        (torch.zeros(1, 3, 8, 8), ["glasses", "hair"], "text"),
        (torch.zeros(1, 3, 8, 8), None, "text"),
    ],
)
def test_images_and_texts_that_do_not_fit_are_named(judge, images, text, name):
    with pytest.raises(ArgumentError) as caught:
        judge.score(images, text)
    assert caught.value.name == name
    if isinstance(images, torch.Tensor) and name == "images":
        with pytest.raises(ArgumentError, match="images"):
            judge.embed_images(images)


@pytest.mark.parametrize("text", [None, 3, b"glasses", ["glasses", 3]])
def test_what_is_no_text_is_named(judge, text):
    with pytest.raises(ArgumentError, match="text"):
        judge.embed_text(text)


@pytest.mark.parametrize("file", ["weights.safetensors", "weights.pt"])
def test_weights_load_from_a_local_file(tiny_weights, tmp_path, monkeypatch, file):
    monkeypatch.setattr("open_clip.factory._MODEL_CONFIGS", {"tiny": TINY, **open_clip.factory._MODEL_CONFIGS})
    state = open_clip.factory.load_state_dict(str(tiny_weights / "open_clip_model.safetensors"))
    if file.endswith(".pt"):
        torch.save(state, tmp_path / file)
    else:
        save_file(state, tmp_path / file)
    judge = load_judge(f"tiny/{tmp_path / file}")
    assert torch.equal(judge.model.state_dict()["text_projection"], state["text_projection"])
    assert judge.score(torch.zeros(2, 3, 40, 50), "a cat").shape == (2,)


def test_pickled_code_is_refused(tmp_path, monkeypatch):
    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit('code was executed')",))

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pt")
    monkeypatch.setattr("open_clip.factory._MODEL_CONFIGS", {"tiny": TINY, **open_clip.factory._MODEL_CONFIGS})
    with pytest.raises(CheckpointError, match=r"evil\.pt holds no weights of tiny"):
        load_judge(f"tiny/{tmp_path / 'evil.pt'}")


@pytest.mark.parametrize("content", [b"", b"a text", "another model"], ids=["empty", "text", "another model"])
def test_a_local_file_without_the_weights_is_named(tmp_path, monkeypatch, content):
    monkeypatch.setattr("open_clip.factory._MODEL_CONFIGS", {"tiny": TINY, **open_clip.factory._MODEL_CONFIGS})
    if isinstance(content, bytes):
        (tmp_path / "weights.pt").write_bytes(content)
    else:
        torch.save({"layer.weight": torch.ones(2, 2)}, tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match=r"weights\.pt holds no weights of tiny that can be read"):
        load_judge(f"tiny/{tmp_path / 'weights.pt'}")


@pytest.mark.slow
def test_public_weights_come_from_the_hub(tiny_weights, tmp_path):
    # A separate process, because huggingface_hub reads its address when imported. A tiny architecture replaces the
    # public one; the names of repository and file are the real ones.
    code = f"""
import spaceseed.models.judges._torchvision
import open_clip, torch
from spaceseed.models.judges.clip import load_judge
open_clip.add_model_config({str(tiny_weights / "ViT-B-32.json")!r})
judge = load_judge({PUBLIC!r})
expected = open_clip.factory.load_state_dict({str(tiny_weights / "open_clip_model.safetensors")!r})
assert torch.equal(judge.model.state_dict()["text_projection"], expected["text_projection"])
assert judge.model.visual.preprocess_cfg["mean"] == open_clip.OPENAI_DATASET_MEAN
assert judge.score(torch.zeros(2, 3, 64, 64), "a photo of a cat").isfinite().all()
"""
    offline = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment = {**offline, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
    environment |= {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-c", code]
    repo, file = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "open_clip_model.safetensors"
    with StandInHub() as hub:
        hub.files[f"{repo}/{file}"] = (tiny_weights / file).read_bytes()
        environment["HF_ENDPOINT"] = hub.address
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stderr
    assert ("HEAD", f"/{repo}/resolve/main/{file}") in hub.asked
    assert ("GET", f"/{repo}/resolve/main/{file}") in hub.asked
