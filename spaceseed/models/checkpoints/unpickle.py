"""An unpickler that can only build plain data.

Python's unpickler is a small stack machine. It can import and call any function, and even with a safe `find_class` a
few bytes can allocate gigabytes, or nest so deeply that the interpreter crashes. This one knows only the opcodes that
Python's pickler writes for data (protocols 2 to 5, without those for code and for duplicating references). It looks
names up in a table of safe functions, and limits the number of steps.
Format: the comments in CPython's Lib/pickletools.py.
"""

import pickle
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spaceseed.errors import CheckpointError

MAX_ARGUMENTS = 10
DAMAGED = "The file is damaged or cut short."

Bytes = bytes | memoryview
KEY_TYPES = (str, int, float, bool, type(None))  # their hash is always cheap


@dataclass(frozen=True)
class Function:
    """The safe function for an allowed global. It checks its arguments."""

    call: Callable[..., object]


@dataclass
class Pending:
    """A value that its BUILD opcode completes; `value` is None until then."""

    build: Callable[[Any], object]
    value: object = None


# Everything that a file may import, by exact module and name.
Names = Mapping[tuple[str, str], object]


@dataclass
class Budget:
    """Limits on the work for one file. All pickles in a file share one budget.

    Attributes:
        opcodes: steps of the machine; each makes at most one small object. A StyleGAN3 with its discriminator takes
            50,000.
        text: bytes of strings, which can take up to four times as much memory as in the file.
        copied: bytes of tensors that had to be copied out of the file.
    """

    copied: int
    opcodes: int = 200_000
    text: int = 1 << 25

    def spend(self, kind: str, amount: int) -> None:
        """Subtracts `amount` from the budget of `kind`.

        Raises:
            CheckpointError: the budget is exceeded.
        """
        left = getattr(self, kind) - amount
        setattr(self, kind, left)
        if left < 0:
            raise CheckpointError("The file asks for more work or memory than weights of its size ever need.")


def unpickle(
    data: memoryview,
    names: Names,
    budget: Budget,
    load_persistent: Callable[[Any], object] | None = None,
    position: int = 0,
) -> tuple[Any, int]:
    """Reads one pickle.

    Args:
        data: the bytes that hold it. Long byte strings in the result are views of them.
        names: the values of globals; a `Function` can be called.
        budget: limits on the work.
        load_persistent: turns a persistent id into a value; such ids are refused if None.
        position: position in `data` where the pickle begins.

    Returns:
        The object, and the position after it. Everything in it comes from opcodes, `names` and `load_persistent`.

    Raises:
        CheckpointError: the file uses another name, is damaged, or exceeds the budget.
    """
    machine = _Machine(data, position, names, budget, load_persistent)
    try:
        return machine.run(), machine.position
    except (AttributeError, IndexError, KeyError, TypeError, UnicodeError, ValueError, OverflowError) as error:
        if isinstance(error, CheckpointError):
            raise
        # Each of these means that the stack does not hold what a pickler would have left there.
        raise CheckpointError(DAMAGED) from error


@dataclass
class _Machine:
    data: memoryview
    position: int
    names: Names
    budget: Budget
    load_persistent: Callable[[Any], object] | None
    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def run(self) -> object:
        while True:
            self.budget.spend("opcodes", 1)
            opcode = bytes(self.take(1))
            if opcode == pickle.STOP:
                return self.pop()
            if opcode not in OPCODES:
                raise CheckpointError(f"The file is damaged, or not a file of weights: pickle opcode {opcode!r}.")
            OPCODES[opcode](self)

    def take(self, count: int) -> memoryview:
        if count > len(self.data) - self.position:
            raise CheckpointError(DAMAGED)
        self.position += count
        return self.data[self.position - count : self.position]

    def skip(self, count: int) -> None:
        self.take(count)

    def number(self, layout: str) -> Any:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def text(self, count: int) -> str:
        encoded = self.take(count)
        self.budget.spend("text", count)
        return str(encoded, "utf-8")

    def line(self) -> str:
        """Reads one line of text, an argument of GLOBAL."""
        window = bytes(self.data[self.position : self.position + 256])
        return self.text(window.index(b"\n") + 1)[:-1]

    def push(self, value: object) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if self.marks and self.marks[-1] == len(self.stack):
            raise IndexError
        return finished(self.stack.pop())

    def pop_to_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = [finished(value) for value in self.stack[start:]]
        del self.stack[start:]
        return values

    def push_tuple(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.push(tuple(reversed(values)))

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def look_up(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError
        if (module, name) not in self.names:
            refused = f"{module}.{name}"[:100]
            raise CheckpointError(
                f"The file was not opened, because it asks for {refused!r}, which weights do not need; instead of a "
                "whole network, save its state_dict()."
            )
        self.push(self.names[module, name])

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        if type(arguments) is not tuple or len(arguments) > MAX_ARGUMENTS or not isinstance(function, Function):
            raise TypeError
        self.push(function.call(*arguments))

    def build(self) -> None:
        """Gives an object its state. Attributes of containers, such as `_metadata` of a state dict, are ignored."""
        state = self.pop()
        target = self.stack[-1]
        if isinstance(target, Pending):
            target.value = target.build(state)
        elif type(target) is not dict:
            raise TypeError

    def persistent(self) -> None:
        if self.load_persistent is None:
            raise TypeError
        self.push(self.load_persistent(self.pop()))

    def append(self, values: Sequence[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise TypeError
        target.extend(values)

    def set_items(self, values: Sequence[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict:
            raise TypeError
        target.update(zip(map(checked_key, values[::2]), values[1::2], strict=True))

    def add_items(self, values: Sequence[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not set:
            raise TypeError
        target.update(map(checked_key, values))


def finished(value: Any) -> Any:
    """Returns the completed value of a Pending; any other value unchanged."""
    return value.value if isinstance(value, Pending) and value.value is not None else value


def checked_key(value: Any) -> Any:
    """Raises TypeError for values that may not be a key or a member of a set. Tuples may not: hashing can be slow."""
    if type(value) not in KEY_TYPES:
        raise TypeError
    return value


def _set_item(machine: _Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.set_items([key, value])


def _stack_global(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.look_up(module, name)


OPCODES: dict[bytes, Callable[[_Machine], None]] = {
    pickle.PROTO: lambda m: m.skip(1),
    pickle.FRAME: lambda m: m.skip(8),  # a hint for reading ahead
    pickle.MARK: lambda m: m.marks.append(len(m.stack)),
    # numbers and constants
    pickle.NONE: lambda m: m.push(None),
    pickle.NEWTRUE: lambda m: m.push(True),
    pickle.NEWFALSE: lambda m: m.push(False),
    pickle.BININT: lambda m: m.push(m.number("<i")),
    pickle.BININT1: lambda m: m.push(m.number("<B")),
    pickle.BININT2: lambda m: m.push(m.number("<H")),
    pickle.LONG1: lambda m: m.push(int.from_bytes(m.take(m.number("<B")), "little", signed=True)),
    pickle.BINFLOAT: lambda m: m.push(m.number(">d")),
    # strings
    pickle.SHORT_BINUNICODE: lambda m: m.push(m.text(m.number("<B"))),
    pickle.BINUNICODE: lambda m: m.push(m.text(m.number("<I"))),
    pickle.BINUNICODE8: lambda m: m.push(m.text(m.number("<Q"))),
    pickle.SHORT_BINBYTES: lambda m: m.push(m.take(m.number("<B"))),
    pickle.BINBYTES: lambda m: m.push(m.take(m.number("<I"))),
    pickle.BINBYTES8: lambda m: m.push(m.take(m.number("<Q"))),
    # containers
    pickle.EMPTY_TUPLE: lambda m: m.push(()),
    pickle.TUPLE1: lambda m: m.push_tuple(1),
    pickle.TUPLE2: lambda m: m.push_tuple(2),
    pickle.TUPLE3: lambda m: m.push_tuple(3),
    pickle.TUPLE: lambda m: m.push(tuple(m.pop_to_mark())),
    pickle.EMPTY_LIST: lambda m: m.push([]),
    pickle.APPEND: lambda m: m.append([m.pop()]),
    pickle.APPENDS: lambda m: m.append(m.pop_to_mark()),
    pickle.EMPTY_DICT: lambda m: m.push({}),
    pickle.SETITEM: _set_item,
    pickle.SETITEMS: lambda m: m.set_items(m.pop_to_mark()),
    pickle.EMPTY_SET: lambda m: m.push(set()),
    pickle.ADDITEMS: lambda m: m.add_items(m.pop_to_mark()),
    # what was seen before
    pickle.MEMOIZE: lambda m: m.put(len(m.memo)),
    pickle.BINPUT: lambda m: m.put(m.number("<B")),
    pickle.LONG_BINPUT: lambda m: m.put(m.number("<I")),
    pickle.BINGET: lambda m: m.push(m.memo[m.number("<B")]),
    pickle.LONG_BINGET: lambda m: m.push(m.memo[m.number("<I")]),
    # names, and what is made with them
    pickle.GLOBAL: lambda m: m.look_up(m.line(), m.line()),
    pickle.STACK_GLOBAL: _stack_global,
    pickle.REDUCE: lambda m: m.reduce(),
    pickle.NEWOBJ: lambda m: m.reduce(),
    pickle.BUILD: lambda m: m.build(),
    pickle.BINPERSID: lambda m: m.persistent(),
}
