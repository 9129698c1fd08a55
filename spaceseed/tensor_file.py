"""Safetensors files with a checked JSON header. Directions, filters and atlases are saved in them.

Files are untrusted: the size is limited, and the header is checked by a pydantic model. The caller checks whether the
shapes of the tensors fit each other and the header.
"""

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

Header = TypeVar("Header", bound=BaseModel)


@dataclass(frozen=True)
class TensorFile(Generic[Header]):
    """One kind of file.

    Attributes:
        kind: one word for its contents; also the key of the header in the file.
        header: the pydantic model that checks the header.
        tensors: names of the tensors, or a function that returns those of a file with this header.
        dtype: type of all tensors.
        max_bytes: limit on the size of the file.
        error: the exception that `read` raises for an invalid file.
    """

    kind: str
    header: type[Header]
    tensors: tuple[str, ...] | Callable[[Header], tuple[str, ...]]
    dtype: torch.dtype
    max_bytes: int
    error: type[ValueError] = ValueError

    @property
    def damaged(self) -> ValueError:
        """The exception for an invalid file."""
        return self.error(f"This file holds no {self.kind}, or is damaged.")

    def write(self, path: str | Path, header: Header, tensors: Mapping[str, Tensor]) -> None:
        """Writes a file that `read` reads.

        Raises:
            OSError: the file cannot be written.
        """
        # Copies, because safetensors refuses one tensor under two names.
        copies = {name: tensors[name].clone(memory_format=torch.contiguous_format) for name in self._names(header)}
        # safetensors' own writing raises no OSError, and a kill would leave its draft beside the file.
        Path(path).write_bytes(save(copies, metadata={self.kind: header.model_dump_json()}))

    def read(self, path: str | Path) -> tuple[Header, dict[str, Tensor]]:
        """Returns the header and the tensors. These are finite, and of any shape.

        Raises:
            ValueError: the file is too large, damaged, or of another kind. Its class is `error`.
            OSError: the file does not exist or cannot be read.
        """
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
            raise self.damaged
        if status.st_size > self.max_bytes:
            raise self.error("This file is too large.")
        try:
            with safe_open(path, framework="pt") as file:
                header = self.header.model_validate_json((file.metadata() or {})[self.kind])
                tensors = {name: file.get_tensor(name) for name in self._names(header)}
        except (SafetensorError, KeyError, ValueError) as error:
            raise self.damaged from error
        if any(t.dtype != self.dtype or not t.isfinite().all() for t in tensors.values()):
            raise self.damaged
        return header, tensors

    def _names(self, header: Header) -> tuple[str, ...]:
        return self.tensors(header) if callable(self.tensors) else self.tensors
