"""Files of tensors with a checked JSON header, in safetensors: what directions and filters travel in.

What is read may come from a stranger: no more is read than allowed, and nothing is believed that the header's model
does not check. Whether the tensors fit each other and the header is for the caller to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

Header = TypeVar("Header", bound=BaseModel)


@dataclass(frozen=True)
class TensorFile(Generic[Header]):
    """One kind of file.

    Attributes:
        kind: what it holds, in a word; the header's name in the file.
        header: the model that checks the header.
        tensors: their names.
        dtype: of all of them.
        max_bytes: of the whole file.
        error: raised where there is something else in the file.
    """

    kind: str
    header: type[Header]
    tensors: tuple[str, ...]
    dtype: torch.dtype
    max_bytes: int
    error: type[ValueError] = ValueError

    @property
    def damaged(self) -> ValueError:
        """What to raise for a file that is not what it should be."""
        return self.error(f"This file holds no {self.kind}, or is damaged.")

    def write(self, path: str | Path, header: Header, tensors: Mapping[str, Tensor]) -> None:
        """Writes what `read` reads."""
        # safetensors refuses two names of one tensor, so these are copies.
        copies = {name: tensors[name].clone(memory_format=torch.contiguous_format) for name in self.tensors}
        save_file(copies, path, metadata={self.kind: header.model_dump_json()})

    def read(self, path: str | Path) -> tuple[Header, dict[str, Tensor]]:
        """Returns the header and the tensors, of any shape but all finite.

        Raises:
            ValueError: the file is too large, damaged, or of another kind; of class `error`, one sentence.
            OSError: there is no such file, or it may not be read.
        """
        if Path(path).stat().st_size > self.max_bytes:
            raise self.error("This file is too large.")
        try:
            with safe_open(path, framework="pt") as file:
                header = self.header.model_validate_json((file.metadata() or {})[self.kind])
                tensors = {name: file.get_tensor(name) for name in self.tensors}
        except (SafetensorError, KeyError, ValueError) as error:
            raise self.damaged from error
        if any(t.dtype != self.dtype or not t.isfinite().all() for t in tensors.values()):
            raise self.damaged
        return header, tensors
