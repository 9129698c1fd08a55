"""Networks in the format of TensorFlow.js, written here as small files."""

import json
from base64 import b64encode

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from spaceseed.training.bundled.tfjs import Graph, convolve, read_weights, same_padded


def rng():
    return np.random.default_rng(0)


def text(value):
    return {"s": b64encode(value.encode()).decode()}


def ints(*values):
    return {"list": {"i": [str(value) for value in values]}}


def written(folder, weights, nodes):
    """Writes a file of weights by name, (stored values, entry of the list), and a graph; returns its path."""
    (folder / "net.bin").write_bytes(b"".join(stored.tobytes() for stored, _ in weights.values()))
    entries = [{"name": name, "shape": list(stored.shape), **entry} for name, (stored, entry) in weights.items()]
    listed = {
        "modelTopology": {"node": [{"name": name, "op": "Const"} for name in weights] + nodes},
        "weightsManifest": [{"paths": ["net.bin"], "weights": entries}],
    }
    (folder / "net.json").write_text(json.dumps(listed))
    return folder / "net.json"


def plain(values):
    return np.asarray(values, np.float32), {"dtype": "float32"}


def whole(values):
    return np.asarray(values, np.int32), {"dtype": "int32"}


def test_weights_are_read_in_all_their_formats(tmp_path):
    bytes_, halves = rng().integers(0, 256, (2, 3), np.uint8), rng().normal(size=4).astype(np.float16)
    packed = {"dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -3.0}}
    half = {"dtype": "float32", "quantization": {"dtype": "float16", "original_dtype": "float32"}}
    path = written(
        tmp_path,
        {"a": (bytes_, packed), "b": (halves, half), "c": whole([1, -2]), "d": plain([0.25])},
        [],
    )
    weights = read_weights(path)
    torch.testing.assert_close(weights["a"], torch.from_numpy(bytes_ * 0.5 - 3.0).float())
    torch.testing.assert_close(weights["b"], torch.from_numpy(halves).float())
    assert weights["c"].tolist() == [1, -2]
    assert weights["d"].tolist() == [0.25]
    # A list of groups alone, as it stands in a "-weights_manifest.json".
    path.write_text(json.dumps(json.loads(path.read_text())["weightsManifest"]))
    torch.testing.assert_close(read_weights(path)["a"], weights["a"])


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads"), [(8, 3, 2, (0, 1)), (7, 3, 2, (1, 1)), (6, 3, 1, (1, 1))]
)
def test_padding_is_as_in_tensorflow(size, kernel, stride, pads):
    x = torch.ones(1, 1, size, size)
    padded = same_padded(x, (kernel, kernel), stride)
    assert padded.shape[3] == size + sum(pads)
    assert padded[0, 0, pads[0], : pads[0]].tolist() == [0] * pads[0]
    filters = torch.ones(kernel, kernel, 1, 1)
    assert convolve(x, filters, stride).shape[3] == -(-size // stride)


def test_a_graph_computes_what_its_nodes_say(tmp_path):
    draws = rng()
    filters, depth = draws.normal(size=(3, 3, 2, 4)), draws.normal(size=(3, 3, 4, 1))
    bias, slope, product = draws.normal(size=4), draws.normal(size=4), draws.normal(size=(4, 3))
    same, step = {"padding": text("SAME")}, {"strides": ints(1, 2, 2, 1)}
    nodes = [
        {"name": "x", "op": "Placeholder"},
        {
            "name": "conv",
            "op": "_FusedConv2D",
            "input": ["x", "filters", "bias", "slope"],
            "attr": same | step | {"fused_ops": {"list": {"s": [text("BiasAdd")["s"], text("Prelu")["s"]]}}},
        },
        {
            "name": "deep",
            "op": "DepthwiseConv2dNative",
            "input": ["conv:0", "depth"],
            "attr": same | {"strides": ints(1, 1, 1, 1)},
        },
        {"name": "wide", "op": "Pad", "input": ["deep", "pads"]},
        {
            "name": "pool",
            "op": "MaxPool",
            "input": ["wide"],
            "attr": {"padding": text("VALID"), "ksize": ints(1, 2, 2, 1)} | step,
        },
        {"name": "mean", "op": "Mean", "input": ["pool", "axes"], "attr": {}},
        {"name": "out", "op": "_FusedMatMul", "input": ["mean", "product"], "attr": {}},
        {"name": "soft", "op": "Softmax", "input": ["out"]},
        {"name": "flat", "op": "Reshape", "input": ["pool", "shape"]},
        {"name": "low", "op": "Minimum", "input": ["flat", "limit", "^soft"]},
    ]
    path = written(
        tmp_path,
        {
            "filters": plain(filters), "depth": plain(depth), "bias": plain(bias), "slope": plain(slope),
            "product": plain(product), "pads": whole([[0, 0], [1, 0], [0, 1], [0, 0]]), "axes": whole([1, 2]),
            "shape": whole([-1, 4]), "limit": plain(0.1),
        },
        nodes,
    )  # fmt: skip
    x = torch.from_numpy(draws.normal(size=(2, 8, 8, 2))).float()
    soft, low = Graph(path)(x, "soft", "low")

    first = F.conv2d(
        F.pad(x.permute(0, 3, 1, 2), (0, 1, 0, 1)), torch.from_numpy(filters).float().permute(3, 2, 0, 1), stride=2
    )
    first = F.prelu(first + torch.from_numpy(bias).float()[:, None, None], torch.from_numpy(slope).float())
    deep = F.conv2d(first, torch.from_numpy(depth).float().permute(2, 3, 0, 1), padding=1, groups=4)
    pool = F.max_pool2d(F.pad(deep, (0, 1, 1, 0)), 2)
    expected = (pool.mean(dim=(2, 3)) @ torch.from_numpy(product).float()).softmax(dim=1)
    torch.testing.assert_close(soft, expected)
    torch.testing.assert_close(low, pool.permute(0, 2, 3, 1).reshape(-1, 4).clamp(max=0.1))
