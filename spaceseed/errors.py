"""Exceptions that a caller may want to tell apart; the message of each is one sentence for whoever reads it."""

from typing import Any

MAX_REPR = 120  # characters of a value that a message repeats


class ArgumentError(ValueError):
    """An argument has a value outside what is allowed.

    Attributes:
        name: the argument's name.
        value: the value given.
        allowed: what would have been accepted, in words.
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
    """A file of weights cannot be used: it is damaged, of no known kind, or holds what no weights need.

    The sentence may quote the file, which may be a stranger's: so it is cut at 400 characters and made printable.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(
            "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in sentence[:400])
        )


class DownloadError(OSError):
    """A file could not be fetched from the Hub."""


class FilterError(ValueError):
    """A latent filter cannot be learned from these examples, or its file cannot be used, or not with this model."""


class TrainingError(ArithmeticError):
    """A training cannot go on, because a loss or a weight is not finite."""


class DirectionError(ValueError):
    """A file of directions cannot be used, or directions not with this model."""


class DataError(ValueError):
    """A folder of pictures, or the labels beside them, cannot be trained on."""
