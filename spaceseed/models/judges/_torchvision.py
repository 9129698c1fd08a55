"""Makes torchvision importable if torch cannot load its compiled operators.

With a torchvision for CUDA and a torch for CPU, importing torchvision fails with "operator torchvision::nms does not
exist": its Python code refers to two compiled operators that torch does not know. This package uses neither. After
their schemas are declared, torchvision and packages that import it (open_clip, timm) work.

Import this module before open_clip or torchvision, with an `# isort: split` line after it.
"""

import importlib

import torch

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def import_torchvision() -> torch.library.Library | None:
    """Imports torchvision. Declares its missing operators if they prevent the import.

    Returns:
        The declarations, which last as long as this object; None if there are none.

    Raises:
        RuntimeError: torchvision cannot be imported for another reason.
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
