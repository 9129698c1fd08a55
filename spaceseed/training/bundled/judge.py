"""Trains the bundled judge: a small CLIP on rendered faces and their captions.

    python -m spaceseed.training.bundled.judge --data runs/data --out spaceseed/assets/judge

Most captions are short and true for many faces in a batch, so CLIP's usual targets (only the image's own caption is
right) would be wrong. For every pair, the number of requested attributes that the face lacks is known. Both directions
of CLIP's cross entropy get soft targets from that number: a face with one wrong attribute ranks above a face with two.
During training a linear head predicts all attributes from the image embedding, so that small features (brows, eyes) are
learned before the text tower can ask for them. The head is discarded at the end.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import spaceseed.models.judges._torchvision  # noqa: F401

# isort: split
import open_clip
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from spaceseed.images import from_uint8
from spaceseed.models.judges.clip import Judge
from spaceseed.training.bundled.augment import augment
from spaceseed.training.bundled.avatars import Renders, renders
from spaceseed.training.bundled.bpe import learn_merges, save_merges
from spaceseed.training.bundled.captions import ASKABLE, AskedPrompt, Captioner, one_hot, refused, unmet
from spaceseed.training.bundled.prompts import PROMPTS

MERGES = 900
VOCABULARY_CAPTIONS = 60_000
MODEL: dict[str, Any] = {
    "embed_dim": 96,
    "vision_cfg": {"image_size": 64, "layers": [2, 2, 1, 1], "width": 16, "head_width": 32},
    # 512 byte symbols, the merges, start and end. The actual size of the vocabulary is set when it is learned.
    "text_cfg": {"context_length": 32, "vocab_size": 514 + MERGES, "width": 96, "heads": 4, "layers": 2},
}
PREPROCESS = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic", "resize_mode": "shortest"}
# Cost in nats of one unmet attribute in a prompt with one attribute. In a normalised text embedding that is a sum of n
# attributes, each has 1 / n of the squared length, so it can change the cosine by 1 / sqrt(n).
NATS = 8.0
ATTRIBUTE_WEIGHT = 3.0


def soft_clip_loss(logits: torch.Tensor, unmet: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
    """CLIP's symmetric cross entropy with soft targets proportional to exp(-NATS * unmet / sqrt(asked)).

    The entropy of the targets is subtracted, so the minimum is 0.

    Args:
        logits: [n images, m texts], scaled similarities.
        unmet: [n, m], number of each text's attributes that each image lacks.
        asked: [m], number of attributes in each text.
    """
    wanted = -NATS * unmet / asked.clamp(min=1).sqrt()
    to_texts = F.kl_div(logits.log_softmax(1), wanted.softmax(1), reduction="batchmean")
    to_images = F.kl_div(logits.T.log_softmax(1), wanted.T.softmax(1), reduction="batchmean")
    return (to_texts + to_images) / 2


def attribute_loss(logits: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    """Returns the mean cross entropy of all attributes, from logits and one-hot targets [n, values of ASKABLE]."""
    sizes = [len(values) for values in ASKABLE.values()]
    pairs = zip(logits.split(sizes, dim=1), shown.split(sizes, dim=1), strict=True)
    return torch.stack([F.cross_entropy(logit, truth) for logit, truth in pairs]).mean()


def learn_vocabulary(captioner: Captioner, path: Path, seed: int) -> None:
    """Learns the tokenizer's merges from captions, and writes them to `path`."""
    rng = random.Random(seed)
    count = len(captioner.avatars)
    texts = (captioner.describe(rng.randrange(count), rng).text for _ in range(VOCABULARY_CAPTIONS))
    # Only letters, as the tokenizer splits. Rare words are typing errors.
    words = [w for text in texts for w in "".join(c if c.isalpha() else " " for c in text.lower()).split()]
    counts = {w: n for w, n in zip(*np.unique(words, return_counts=True), strict=True) if n > 20}
    save_merges(learn_merges([w for w in words if w in counts], MERGES), path)


def build(folder: Path) -> tuple[open_clip.CLIP, open_clip.tokenizer.SimpleTokenizer]:
    """Writes open_clip's configuration to `folder`, and builds the untrained model."""
    bpe_path = folder / "bpe.txt.gz"
    config = {"model_cfg": json.loads(json.dumps(MODEL)), "preprocess_cfg": PREPROCESS}
    tokenizer = open_clip.tokenizer.SimpleTokenizer(str(bpe_path))
    config["model_cfg"]["text_cfg"]["vocab_size"] = tokenizer.vocab_size
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
    name = f"local-dir:{folder}"
    model = open_clip.create_model(name, load_weights=False)
    return model, open_clip.get_tokenizer(name, bpe_path=str(bpe_path))


def save(model: nn.Module, folder: Path) -> None:
    """Writes the weights in half precision, under open_clip's file name."""
    weights = model.state_dict().items()
    halves = {name: (t.half() if t.is_floating_point() else t).contiguous() for name, t in weights}
    save_file(halves, folder / "open_clip_model.safetensors")


def _optimizer(model: nn.Module, rate: float) -> torch.optim.Optimizer:
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def train(data: Renders, folder: Path, steps: int, batch: int, rate: float, seed: int) -> open_clip.CLIP:
    """Trains on `data`, and writes all files for `load_judge` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)  # open_clip initialises from the global generator
    captioner, shown = Captioner(data.avatars), one_hot(data.avatars)
    learn_vocabulary(captioner, folder / "bpe.txt.gz", seed)
    model, tokenizer = build(folder)
    model.train()
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {tokenizer.vocab_size} tokens", flush=True)
    head = nn.Linear(MODEL["embed_dim"], shown.shape[1])
    optimizer = _optimizer(nn.ModuleList([model, head]), rate)
    warmup = min(200, steps // 10 + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, 0.5 + 0.5 * math.cos(math.pi * step / steps))
    )
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    start, total = time.perf_counter(), np.zeros(2)
    for step in range(1, steps + 1):
        picked = rng.sample(range(len(data.avatars)), batch)
        captions = [captioner.describe(index, rng) for index in picked]
        missing = torch.from_numpy(unmet(shown[picked], refused(captions)))
        asked = torch.tensor([float(len(caption.attributes)) for caption in captions])
        images = augment(from_uint8(data.images[picked]), generator).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            faces = model.encode_image(images)
            texts = model.encode_text(tokenizer([caption.text for caption in captions]), normalize=True)
        faces, scale = faces.float(), model.logit_scale.exp()
        matched = soft_clip_loss(scale * F.normalize(faces, dim=1) @ texts.float().T, missing, asked)
        seen = attribute_loss(head(faces), torch.from_numpy(shown[picked]))
        loss = matched + ATTRIBUTE_WEIGHT * seen
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=math.log(100))
        total += np.array([matched.item(), seen.item()])
        if step % 50 == 0 or step == steps:
            speed = step * batch / (time.perf_counter() - start)
            losses = "captions {:.4f}  attributes {:.4f}".format(*total / 50)
            print(f"step {step}/{steps}  {losses}  {speed:.0f} images/s  scale {scale.item():.1f}", flush=True)
            total = np.zeros(2)
        if step % 500 == 0:
            save(model, folder)
    save(model, folder)
    return model


def auc(scores: np.ndarray, matching: np.ndarray) -> float:
    """Returns the area under the ROC curve: the probability that a matching image scores higher than another."""
    order = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(order[2]) - (order[2] - 1) / 2)[order[1]]
    hits = int(matching.sum())
    return float((ranks[matching].sum() - hits * (hits + 1) / 2) / (hits * (len(scores) - hits)))


@torch.no_grad()
def examine(judge: Judge, data: Renders, prompts: tuple[AskedPrompt, ...] = PROMPTS) -> list[dict[str, Any]]:
    """Measures how well `judge` separates faces that match a prompt from others.

    Returns:
        For each prompt its text, the number of matching images and the AUC.
    """
    faces = torch.cat([judge.embed_images(from_uint8(part)) for part in np.array_split(data.images, 40)])
    scores = (faces @ judge.embed_text([prompt.text for prompt in prompts]).T).cpu().numpy()
    matching = unmet(one_hot(data.avatars), refused(prompts)) == 0
    return [
        {"prompt": p.text, "matching": int(matching[:, j].sum()), "auc": auc(scores[:, j], matching[:, j])}
        for j, p in enumerate(prompts)
    ]


def main() -> None:
    """Trains, saves and prints the held-out metrics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("runs/data"), help="folder of the rendered faces")
    parser.add_argument("--out", type=Path, default=Path("spaceseed/assets/judge"))
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    model = train(renders("train", args.data), args.out, args.steps, args.batch, args.rate, args.seed)
    tokenizer = open_clip.get_tokenizer(f"local-dir:{args.out}", bpe_path=str(args.out / "bpe.txt.gz"))
    rows = examine(Judge(model, tokenizer), renders("held_out", args.data))
    for row in sorted(rows, key=lambda row: row["auc"]):
        print(f"{row['auc']:.4f}  {row['matching']:5d}  {row['prompt']}")
    print(f"mean AUC {np.mean([row['auc'] for row in rows]):.4f} over {len(rows)} prompts")


if __name__ == "__main__":
    main()
