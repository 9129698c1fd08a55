"""Exceptions of the library. The message of each is one sentence that users can understand."""

from typing import Any

MAX_REPR = 120  # characters of a value that a message shows


class ArgumentError(ValueError):
    """An argument has a value that is not allowed.

    Attributes:
        name: name of the argument.
        value: the value that was given.
        allowed: the values that are accepted, in words.
    """

    def __init__(self, name: str, value: Any, allowed: str) -> None:
        self.name, self.value, self.allowed = name, value, allowed
        shown = repr(value)
        if len(shown) > MAX_REPR:
            shown = shown[:MAX_REPR] + "..."
        super().__init__(f"{name} = {shown} is not allowed: it must be {allowed}.")

    def __reduce__(self) -> tuple[type["ArgumentError"], tuple[str, Any, str]]:
        return type(self), (self.name, self.value, self.allowed)


class CheckpointError(ValueError):
    """A checkpoint cannot be used: it is damaged, has an unknown format, or contains something that weights never need.

    The sentence may quote the file, and the file may be untrusted. So it is cut at 400 characters and made printable.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(
            "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in sentence[:400])
        )


class DownloadError(OSError):
    """A file could not be downloaded from the Hub."""


class UploadError(OSError):
    """Something could not be written to the Hub. The message never holds the token."""


class FilterError(ValueError):
    """A latent filter cannot be learned from these examples, its file is damaged, or it belongs to another model."""


class TrainingError(ArithmeticError):
    """Training cannot continue, because a loss or a weight is not finite."""


class DirectionError(ValueError):
    """A file of directions is damaged, or the directions belong to another model."""


class AtlasError(ValueError):
    """A file of an atlas is damaged, the atlas was made of other networks, or it needs a package that is missing."""


class DataError(ValueError):
    """A folder of pictures, or its label file, cannot be used for training."""


class DissectionError(ValueError):
    """Units cannot be dissected with this segmenter, a file of units is damaged, or they belong to another model."""
