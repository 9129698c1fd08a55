"""Makes torchvision importable beside a torch that cannot load its compiled operators.

A torchvision built for CUDA next to a CPU torch fails at import with "operator torchvision::nms does not exist": it
describes two compiled operators in Python, and torch does not know them. Nothing here calls either. Declaring their
schemas is enough for torchvision, and all that stands on it (open_clip, timm), to import and run.

Import this module before open_clip or torchvision, with an `# isort: split` line after it.
"""

import importlib

import torch

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def import_torchvision() -> torch.library.Library | None:
    """Imports torchvision, declaring its missing operators where that is what stops it.

    Returns:
        The declarations, which last as long as this object; None where torchvision needed none.

    Raises:
        RuntimeError: torchvision fails for another reason.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
    else:
        return None
    declarations = torch.library.Library("torchvision", "FRAGMENT")
    for schema in SCHEMAS:
        if not hasattr(torch.ops.torchvision, schema.partition("(")[0]):
            declarations.define(schema)
    importlib.import_module("torchvision")
    return declarations


_declarations = import_torchvision()
