"""How fast do drawing and searching go on one GPU? `python -m benchmarks.gpu`, at most eight minutes.

Each family draws as it does in the app, and in half precision, in turn with the straightforward port (see ports.py) in
float32. Then searches run with a judge of the shape of ViT-B-32 and random weights. What does not fit into the minutes
is left out, and said to be. The table is written after each row, so that what was measured stays.
"""

import copy
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch

import spaceseed.models.judges._torchvision  # noqa: F401

# isort: split
import open_clip
from torch import Tensor

from benchmarks.ports import Port, port
from benchmarks.report import arguments, folder
from benchmarks.synthesis import NETWORKS, build, compare, flops_an_image, peak_flops, seconds, styles
from spaceseed.batches import batch_size
from spaceseed.devices import default_device
from spaceseed.evolution.finds import evaluate
from spaceseed.evolution.objectives import TextObjective
from spaceseed.images import to_uint8
from spaceseed.latent_space import LatentSpace
from spaceseed.models.judges.clip import Judge

MINUTES = 7.5
# A CPU does float16 very slowly.
HALVES = (torch.float16, torch.bfloat16) if torch.cuda.is_available() else (torch.bfloat16,)
SEARCHED = ("StyleGAN2, 256 px", "StyleGAN2, 1024 px")
TEXT = "a smiling woman with red hair"
COMPILED = "StyleGAN2, 256 px"

Row = dict[str, Any]


def halved(network: Callable[..., Tensor], dtype: torch.dtype, device: torch.device) -> Callable[..., Tensor]:
    """Returns a network's call with arithmetic in half precision."""

    def called(*inputs: Any, **options: Any) -> Tensor:
        with torch.autocast(device.type, dtype):
            return network(*inputs, **options).float()

    return called


def drawing(name: str, device: torch.device, peaks: dict[torch.dtype, float], quick: bool) -> Iterator[Row]:
    """Yields how fast one network draws, by batch and precision."""
    plain = build(name, small=quick).to(device)
    generator = copy.deepcopy(plain).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as `load`
    for batch in (1, 2 if quick else batch_size(generator)):
        ws = styles(generator, batch)
        exact, flops = to_uint8(generator.synthesize(ws)).astype(int), flops_an_image(generator, ws)
        ways: dict[str, tuple[torch.dtype, Port]] = {"": (torch.float32, generator.synthesize)}
        ways |= {f"{dtype}"[6:]: (dtype, halved(generator.synthesize, dtype, device)) for dtype in HALVES}
        if name == COMPILED and device.type == "cuda":
            compiled = torch.compile(generator.synthesize, mode="reduce-overhead")  # which makes CUDA graphs
            ways["compiled"] = (torch.float32, compiled)
        for way, (dtype, draw) in ways.items():
            figures = compare(draw, port(plain), ws, 0.0 if quick else 1.0, 1 if quick else 3)
            levels = abs(to_uint8(draw(ws)).astype(int) - exact)
            yield {
                "network": name,
                "batch": batch,
                "way": way or "float32",
                "images_a_second": figures["images_a_second"],
                "ratio": figures["ratio"],
                "share_of_peak": flops * figures["images_a_second"] / peaks[dtype],
                "levels_mean": float(levels.mean()),
                "levels_max": int(levels.max()),
            }


def judge_of_random_weights(device: torch.device, quick: bool) -> Judge:
    """Returns a judge of the shape of ViT-B-32, or of the bundled one's size for a quick run."""
    torch.manual_seed(0)
    name = "RN50" if quick else "ViT-B-32"
    model = open_clip.create_model(name, load_weights=False)
    return Judge(model, open_clip.get_tokenizer(name), device)


def searching(name: str, judge: Judge, device: torch.device, quick: bool) -> Iterator[Row]:
    """Yields how many images a second are drawn and judged, by precision of both."""
    generator = build(name, small=quick).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    size = 2 if quick else batch_size(generator)
    vectors = LatentSpace(generator).draw(range(2 * size if quick else 4 * size))

    def scores(dtype: torch.dtype) -> Tensor:
        drawer, judging = copy.copy(generator), copy.copy(judge)
        if dtype is not torch.float32:
            drawer.synthesize = halved(generator.synthesize, dtype, device)
            judging.embed_images = halved(judge.embed_images, dtype, device)  # type: ignore[method-assign]
        space, objectives = LatentSpace(drawer), [TextObjective(judging, TEXT)]
        return torch.cat([evaluate(space, objectives, part).scores for part in vectors.split(size)])

    exact = scores(torch.float32)
    for dtype in (torch.float32, *HALVES):
        difference = (scores(dtype) - exact).abs().max()
        took = min(seconds(partial(scores, dtype), device) for _ in range(1 if quick else 3))
        yield {
            "network": name,
            "way": f"{dtype}"[6:],
            "evaluations_a_second": len(vectors) / took,
            "score_difference": float(difference),
        }


def measured(device: torch.device, quick: bool) -> Iterator[tuple[str, Row]]:
    """Yields rows, by table."""
    peaks = {dtype: peak_flops(device, dtype) for dtype in (torch.float32, *HALVES)}
    for dtype, flops in peaks.items():
        yield "peaks", {"way": f"{dtype}"[6:], "teraflops": flops / 1e12}
    judge = judge_of_random_weights(device, quick)
    for name in SEARCHED:
        yield from (("searching", row) for row in searching(name, judge, device, quick))
    for name in NETWORKS:
        yield from (("drawing", row) for row in drawing(name, device, peaks, quick))


@torch.no_grad()
def main() -> None:
    """Measures, and writes the rows as gpu.json."""
    args = arguments(__doc__).parse_args()
    device, until = default_device(), time.monotonic() + 60 * MINUTES
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    found: dict[str, Any] = {"device": name, "torch": torch.__version__, "complete": False}
    path = folder(args, Path("runs")) / "gpu.json"
    for table, row in measured(device, args.quick):
        rounded = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in row.items()}
        found.setdefault(table, []).append(rounded)
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(table, *rounded.values(), flush=True)
        if time.monotonic() > until:
            print("The time is up; what is left was not measured.")
            return
    path.write_text(json.dumps(found | {"complete": True}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
