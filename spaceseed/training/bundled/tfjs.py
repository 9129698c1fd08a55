"""Reads networks in the format of TensorFlow.js, and computes with them.

A file of JSON lists the weights, which stand in a file beside it one after the other, perhaps as integers or in half
precision. It may also hold the graph: nodes that each name an operation and their inputs.
"""

import json
import math
from base64 import b64decode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def read_weights(path: Path) -> dict[str, Tensor]:
    """Reads the weights that a file of JSON lists, by name.

    Args:
        path: a "-weights_manifest.json" or a file with a graph.
    """
    listed = json.loads(path.read_text(encoding="utf-8"))
    groups = listed["weightsManifest"] if isinstance(listed, dict) else listed
    weights = {}
    for group in groups:
        stored = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        at = 0
        for entry in group["weights"]:
            packed = entry.get("quantization", {})
            kind, count = np.dtype(packed.get("dtype", entry["dtype"])), math.prod(entry["shape"])
            values = np.frombuffer(stored, kind, count, at)
            at += values.nbytes
            if "scale" in packed:
                values = values.astype(np.float32) * packed["scale"] + packed["min"]
            elif kind != np.int32:
                values = values.astype(np.float32)
            weights[entry["name"]] = torch.from_numpy(values.copy()).reshape(entry["shape"])
    return weights


def same_padded(x: Tensor, kernel: tuple[int, int], stride: int, value: float = 0.0) -> Tensor:
    """Pads x [N, C, H, W] as TensorFlow's "SAME" does: if the rows to add are odd in number, one more at the end."""
    pads: list[int] = []
    for size, width in ((x.shape[3], kernel[1]), (x.shape[2], kernel[0])):
        total = max((math.ceil(size / stride) - 1) * stride + width - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


def convolve(x: Tensor, filters: Tensor, stride: int = 1, *, depthwise: bool = False, same: bool = True) -> Tensor:
    """Convolves x [N, C, H, W] with filters [height, width, in, out]; of a depthwise convolution `out` is 1."""
    kernel = filters.permute(2, 3, 0, 1) if depthwise else filters.permute(3, 2, 0, 1)
    if same:
        x = same_padded(x, (kernel.shape[2], kernel.shape[3]), stride)
    return F.conv2d(x, kernel, stride=stride, groups=len(kernel) if depthwise else 1)


Attributes = dict[str, Any]
Operation = Callable[[Attributes, list[Tensor]], Tensor]


def _conv(attr: Attributes, inputs: list[Tensor], *, depthwise: bool = False) -> Tensor:
    x, filters, *rest = inputs
    same = _text(attr["padding"]) == "SAME"
    x = convolve(x.permute(0, 3, 1, 2), filters, _stride(attr), depthwise=depthwise, same=same)
    return _fused(x.permute(0, 2, 3, 1), attr, rest)


def _max_pool(attr: Attributes, inputs: list[Tensor]) -> Tensor:
    x, size = inputs[0].permute(0, 3, 1, 2), int(attr["ksize"]["list"]["i"][1])
    if _text(attr["padding"]) == "SAME":
        x = same_padded(x, (size, size), _stride(attr), -math.inf)
    return F.max_pool2d(x, size, _stride(attr)).permute(0, 2, 3, 1)


def _pad(_: Attributes, inputs: list[Tensor]) -> Tensor:
    return F.pad(inputs[0], [int(n) for row in reversed(inputs[1].tolist()) for n in row])


def _mean(attr: Attributes, inputs: list[Tensor]) -> Tensor:
    return inputs[0].mean(dim=inputs[1].tolist(), keepdim=bool(attr.get("keep_dims", {}).get("b")))


def _prelu(x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x > 0, x, x * slope)


# Channels are last in what these take and return, and first in what the functions of torch do.
OPERATIONS: dict[str, Operation] = {
    "Conv2D": _conv,
    "_FusedConv2D": _conv,
    "DepthwiseConv2dNative": partial(_conv, depthwise=True),
    "_FusedMatMul": lambda attr, inputs: _fused(inputs[0] @ inputs[1], attr, inputs[2:]),
    "MaxPool": _max_pool,
    "Pad": _pad,
    "Mean": _mean,
    "Prelu": lambda _, inputs: _prelu(*inputs),
    "Reshape": lambda _, inputs: inputs[0].reshape(inputs[1].tolist()),
    "Add": lambda _, inputs: inputs[0] + inputs[1],
    "AddV2": lambda _, inputs: inputs[0] + inputs[1],
    "Mul": lambda _, inputs: inputs[0] * inputs[1],
    "Minimum": lambda _, inputs: torch.minimum(*inputs),
    "Maximum": lambda _, inputs: torch.maximum(*inputs),
    "Relu": lambda _, inputs: F.relu(inputs[0]),
    "Sigmoid": lambda _, inputs: inputs[0].sigmoid(),
    "Softmax": lambda _, inputs: inputs[0].softmax(dim=-1),
    "Identity": lambda _, inputs: inputs[0],
}


def _fused(x: Tensor, attr: Attributes, inputs: list[Tensor]) -> Tensor:
    """Applies the operations that are fused into a convolution or a product."""
    rest = list(inputs)
    for encoded in attr.get("fused_ops", {}).get("list", {}).get("s", []):
        op = _text({"s": encoded})
        if op == "BiasAdd":
            x = x + rest.pop(0)
        elif op == "Prelu":
            x = _prelu(x, rest.pop(0))
        else:
            x = {"Relu": F.relu, "Relu6": F.relu6}[op](x)
    return x


def _text(value: dict[str, Any]) -> str:
    return b64decode(value["s"]).decode()


def _stride(attr: dict[str, Any]) -> int:
    return int(attr["strides"]["list"]["i"][1])


class Graph(nn.Module):
    """A network that is given as a graph, for the operations that the networks of faces here have.

    Args:
        path: the file of JSON.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.weights = read_weights(path)
        listed = json.loads(path.read_text(encoding="utf-8"))
        self.nodes: list[dict[str, Any]] = listed["modelTopology"]["node"]

    def forward(self, x: Tensor, *outputs: str) -> list[Tensor]:
        """Computes some nodes.

        Args:
            x: the input [N, H, W, C]. As in the file, channels are last in all tensors.
            outputs: the names of the nodes.

        Returns:
            their values, in this order.
        """
        values: dict[str, Tensor] = dict(self.weights)
        for node in self.nodes:
            if node["op"] == "Placeholder":
                values[node["name"]] = x
            elif node["op"] != "Const":
                inputs = [values[name.removesuffix(":0")] for name in node["input"] if not name.startswith("^")]
                values[node["name"]] = OPERATIONS[node["op"]](node.get("attr", {}), inputs)
        return [values[name] for name in outputs]
