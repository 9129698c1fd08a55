"""Golden cases: small networks in files of other projects, with the output of those projects' code."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

DATA = Path(__file__).parents[1] / "data"


class Golden:
    """The case in tests/data/<case>/.

    Its metadata are read at once, because tests are named after its outputs; its arrays on first use.
    """

    def __init__(self, case: str) -> None:
        self.folder = DATA / case
        self.facts: dict[str, Any] = json.loads((self.folder / "case.json").read_text())

    @cached_property
    def inputs(self) -> dict[str, torch.Tensor]:
        return self._arrays("inputs.npz")

    @cached_property
    def outputs(self) -> dict[str, torch.Tensor]:
        return self._arrays("outputs.npz")

    def _arrays(self, file: str) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(array) for name, array in np.load(self.folder / file).items()}

    def check(self, name: str, mine: torch.Tensor) -> None:
        """Fails unless `mine` has the shape of the output `name`, and its numbers within the case's tolerance."""
        tolerance = self.facts["outputs"][name]["tolerance_max_abs"]
        torch.testing.assert_close(mine, self.outputs[name], rtol=0, atol=tolerance)
