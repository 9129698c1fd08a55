"""How fast does each family draw, compared with ports of the same networks? `python -m benchmarks.synthesis`.

Networks have the published sizes and random weights. `synthesize` and a port (see ports.py) of the same weights draw in
turn, so both meet the same conditions. On a CPU times are those of one thread, and other work on the machine does not
count. On a GPU half precision and compilation are measured, too.
"""

import copy
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.profiler_util import FunctionEventAvg
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.ports import Port, fused_kernel, port
from benchmarks.report import arguments, save
from spaceseed.devices import default_device
from spaceseed.models.checkpoints import openvino
from spaceseed.models.generators.biggan import BigGAN
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.generators.mobile_stylegan import MobileStyleGAN
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.models.generators.stylegan1 import StyleGAN1
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.models.generators.stylegan3 import StyleGAN3
from spaceseed.models.zoo.loading import load

BATCHES = (1, 8)
PROFILED = "StyleGAN2, 256 px"


def pyramid(side: int, features: int, small: bool) -> dict[int, int]:
    """Returns feature maps at each resolution: `features` divided by it, at most 512."""
    sides = [4 << i for i in range(9) if 4 << i <= (min(side, 128) if small else side)]
    return {each: 8 if small else min(512, features // each) for each in sides}


def biggan(small: bool) -> Generator:
    """Returns BigGAN-deep for 128 px."""
    width = 8 if small else 128
    factors = (16, 16, 16, 16, 8, 8, 4, 4, 2, 2, 1)
    upsamples = [bool(i % 2) for i in range(10)]
    sizes = (8, 8, 5) if small else (128, 128, 1000)
    return BigGAN(*sizes, [width * each for each in factors], upsamples, attention=8)


def stylegan3(small: bool) -> Generator:
    """Returns configuration T for 256 px."""
    if small:
        return StyleGAN3.designed(32, z_dim=8, w_dim=8, channel_base=256, channel_max=8)
    return StyleGAN3.designed(256, channel_base=16384)


def mobile_stylegan(small: bool) -> Generator:
    """Returns the published network with its weights."""
    if small:
        return MobileStyleGAN(8, [8, 8, 8])
    folder = openvino.installed()
    assert folder is not None
    return openvino.read(folder)


# Each takes whether the network is to be small: of the same layers, but for tests.
NETWORKS: dict[str, Callable[[bool], Generator]] = {
    "avatars, 64 px": lambda _: load("avatars", device="cpu"),
    "StyleGAN2, 256 px": lambda small: StyleGAN2(512, 512, pyramid(256, 32768, small)),
    "StyleGAN2, 1024 px": lambda small: StyleGAN2(512, 512, pyramid(1024, 32768, small)),
    "StyleGAN3-T, 256 px": stylegan3,
    "StyleGAN, 256 px": lambda small: StyleGAN1(512, 512, pyramid(256, 16384, small)),
    "PGGAN, 256 px": lambda small: PGGAN(512, pyramid(256, 16384, small)),
    "PGGAN, 1024 px": lambda small: PGGAN(512, pyramid(1024, 16384, small)),
    "BigGAN-deep, 128 px": biggan,
}
if openvino.installed() is not None:
    NETWORKS["MobileStyleGAN, 1024 px"] = mobile_stylegan


@torch.no_grad()
def build(name: str, small: bool = False) -> Generator:
    """Returns a network in the usual memory order; random weights are seeded, and none is neutral."""
    torch.manual_seed(0)
    generator = NETWORKS[name](small).eval().requires_grad_(False)
    if generator.card is not None:
        return generator.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    for module in generator.modules():
        if isinstance(module, nn.ConvTranspose2d) and module.stride == (2, 2):  # see ports.original_kernel
            inputs, outputs = module.weight.shape[:2]
            module.weight.copy_(fused_kernel(torch.randn(outputs, inputs, 3, 3) / (9 * inputs) ** 0.5))
    for key, tensor in generator.state_dict().items():
        if key.endswith(("bias", "noise_strength", "gamma", "noise", "running_means")):
            tensor.add_(0.1 * torch.randn(tensor.shape))
        elif key.endswith(("running_vars", "magnitude_ema")):
            tensor.mul_(0.5 + torch.rand(tensor.shape))
    return generator


def styles(generator: Generator, batch: int) -> Tensor:
    """Returns ws of the first seeds, [batch, num_ws, w_dim], on the generator's device."""
    labels = torch.eye(batch, generator.num_classes) if generator.num_classes else None
    z = latents_from_seeds(range(batch), generator.z_dim).to(generator.device)
    return generator.map(z, labels if labels is None else labels.to(generator.device))


def seconds(step: Callable[[], object], device: torch.device) -> float:
    """Returns how long `step` takes: on a CPU its CPU time, which excludes waiting for others; else clock time."""
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    if device.type == "cuda":
        torch.cuda.synchronize()
    began = clock()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return clock() - began


def ways(generator: Generator) -> dict[tuple[str, str], Port]:
    """Returns ways to draw, by number format and by how; on a GPU also in half precision and compiled."""
    draw: Port = generator.synthesize
    found = {("float32", ""): draw}
    if generator.device.type == "cuda":
        compiled = torch.compile(draw, mode="reduce-overhead")  # which makes CUDA graphs
        found["float32", "compiled"] = compiled
        for dtype in (torch.float16, torch.bfloat16):
            autocast = torch.autocast("cuda", dtype)
            name = str(dtype).removeprefix("torch.")
            found[name, ""], found[name, "compiled"] = autocast(draw), autocast(compiled)
    return found


def compare(draw: Port, plain: Port, ws: Tensor, budget: float, pairs: int) -> dict[str, float]:
    """Times both in turn, `pairs` times or more until `budget` seconds are used; only once if that takes longer."""
    images: list[Tensor] = []

    def pair() -> tuple[float, float]:
        images.clear()
        mine = seconds(lambda: images.append(draw(ws)), ws.device)
        return mine, seconds(lambda: images.append(plain(ws)), ws.device)

    timings = [pair()]
    if sum(timings[0]) < budget or pairs == 1:
        timings.clear()  # a warm-up
        while len(timings) < pairs or sum(map(sum, timings)) < budget:
            timings.append(pair())
    return {
        "images_a_second": len(ws) / min(mine for mine, _ in timings),
        "port_images_a_second": len(ws) / min(theirs for _, theirs in timings),
        "ratio": statistics.median(theirs / mine for mine, theirs in timings),
        "difference": ((images[0] - images[1]).abs().max() / images[1].std()).item(),
    }


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Returns operations a second of a large matrix product or convolution, whichever is faster."""
    side, channels = (2048, 512) if device.type == "cpu" else (8192, 1024)
    matrix = torch.randn(side, side, device=device, dtype=dtype)
    images = torch.randn(1, channels, 64, 64, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    kernel = images.new_ones(channels, channels, 3, 3).contiguous(memory_format=torch.channels_last)
    steps: list[tuple[float, Callable[[], object]]] = [
        (2 * side**3, lambda: matrix @ matrix),
        (2 * 9 * channels**2 * 64**2, lambda: F.conv2d(images, kernel, padding=1)),
    ]
    return max(flops / min(seconds(step, device) for _ in range(7)) for flops, step in steps)


def flops_an_image(generator: Generator, ws: Tensor) -> float:
    """Counts the operations of the generator's convolutions and matrix products for one image."""
    with FlopCounterMode(display=False) as counter:
        generator.synthesize(ws[:1])
    return float(counter.get_total_flops())


def part(event: FunctionEventAvg) -> str:
    """Returns the part of a synthesis that a profiled operation belongs to."""
    name, shapes = str(event.key), event.input_shapes or [[]]
    if "conv" in name:
        return "filters" if shapes[1][1] == 1 else "convolutions"
    if name == "aten::bmm":
        return "convolutions"  # 1x1, to colours
    if len(shapes[0]) < 4 or max(shapes[0][-2:]) < 4:
        return "weights and styles"
    if name in {"aten::copy_", "aten::fill_"}:
        return "filters"  # padding and inserted zeros
    return "modulation, noise, activation"


def profile(draw: Port, ws: Tensor, repeats: int) -> dict[str, float]:
    """Returns milliseconds of each part of drawing, in the fastest of several runs."""
    runs = []
    for _ in range(repeats):
        with torch.profiler.profile(record_shapes=True) as profiler:
            draw(ws)
        parts: dict[str, float] = {}
        for event in profiler.key_averages(group_by_input_shape=True):
            if event.key.startswith("aten::"):
                parts[part(event)] = parts.get(part(event), 0.0) + event.self_cpu_time_total / 1000
        runs.append(parts)
    return min(runs, key=lambda parts: sum(parts.values()))


@torch.inference_mode()
def measure(
    name: str, device: torch.device, peaks: dict[str, float], quick: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Returns rows of the table for one network, and the time of each part if it is the profiled one."""
    plain = build(name, small=quick).to(device)
    generator = copy.deepcopy(plain).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as `load`
    budget, pairs = (0.0, 1) if quick else (12.0, 3)
    rows: list[dict[str, Any]] = []
    for batch in BATCHES:
        ws = styles(generator, batch)
        flops = flops_an_image(generator, ws)
        for (dtype, how), draw in ways(generator).items():
            figures = compare(draw, port(plain), ws, budget, pairs)
            figures["share_of_peak"] = flops * figures["images_a_second"] / peaks[dtype]
            rows.append({"network": name, "batch": batch, "dtype": dtype, "how": how, **figures})
            print(f"{name:24} {batch} {dtype} {how:8} {figures['ratio']:.2f}x", flush=True)
    if name != PROFILED or device.type != "cpu":
        return rows, {}
    ws, repeats = styles(generator, 1), 1 if quick else 5
    return rows, {"synthesize": profile(generator.synthesize, ws, repeats), "port": profile(port(plain), ws, repeats)}


def main() -> None:
    """Measures and writes the results."""
    args = arguments(__doc__).parse_args()
    torch.set_num_threads(1)
    device = default_device()
    dtypes = [torch.float32] if device.type == "cpu" else [torch.float32, torch.float16, torch.bfloat16]
    peaks = {str(dtype).removeprefix("torch."): peak_flops(device, dtype) for dtype in dtypes}
    speeds: list[dict[str, Any]] = []
    parts: dict[str, Any] = {}
    for name in NETWORKS:
        rows, found = measure(name, device, peaks, args.quick)
        speeds += rows
        parts |= found
    rounded = [{key: float(f"{v:.3g}") if isinstance(v, float) else v for key, v in row.items()} for row in speeds]
    figures = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "one thread of a CPU",
        "peaks": {dtype: round(flops / 1e12, 4) for dtype, flops in peaks.items()},  # TFLOP/s
        "speeds": rounded,
        "parts": {way: {name: round(ms, 2) for name, ms in found.items()} for way, found in parts.items()},
        "profiled": PROFILED,
    }
    save(args, "synthesis", figures)


if __name__ == "__main__":
    main()
