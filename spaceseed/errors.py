"""One exception for every argument that is out of range."""

from typing import Any


class ArgumentError(ValueError):
    """An argument has a value outside what is allowed.

    Attributes:
        name: the argument's name.
        value: the value given.
        allowed: what would have been accepted, in words.
    """

    def __init__(self, name: str, value: Any, allowed: str) -> None:
        self.name, self.value, self.allowed = name, value, allowed
        super().__init__(f"{name} = {value!r} is not allowed: it must be {allowed}.")

    def __reduce__(self) -> tuple[type["ArgumentError"], tuple[str, Any, str]]:
        return type(self), (self.name, self.value, self.allowed)
