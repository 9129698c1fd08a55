"""Writes pickles opcode by opcode, including ones that no pickler would write."""

import io
import json
import pickle
import struct
import zipfile

import torch

TORCH_TENSOR = ("torch._utils", "_rebuild_tensor_v2")


def name(module: str, attribute: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{attribute}\n".encode()


def text(value: str) -> bytes:
    return pickle.BINUNICODE + struct.pack("<I", len(value.encode())) + value.encode()


def blob(value: bytes) -> bytes:
    return pickle.BINBYTES + struct.pack("<I", len(value)) + value


def number(value: int) -> bytes:
    encoded = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return pickle.LONG1 + bytes([len(encoded)]) + encoded


def items(*values: bytes) -> bytes:
    return pickle.MARK + b"".join(values) + pickle.TUPLE


def call(function: tuple[str, str], *arguments: bytes) -> bytes:
    return name(*function) + items(*arguments) + pickle.REDUCE


def mapping(**values: bytes) -> bytes:
    entries = b"".join(text(key) + value for key, value in values.items())
    return pickle.EMPTY_DICT + pickle.MARK + entries + pickle.SETITEMS


def file(content: bytes, protocol: int = 2) -> bytes:
    """Returns a pickle, padded to the minimum length of a checkpoint."""
    return pickle.PROTO + bytes([protocol]) + content + pickle.STOP + bytes(16)


def safetensors(**header: object) -> bytes:
    """Returns a safetensors file with any header and no numbers."""
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded


def stored(count: int = 4, key: str = "0", kind: str = "FloatStorage", legacy: bool = False) -> bytes:
    """Returns the opcodes for a storage, as `torch.save` writes them."""
    return identity(count, key, kind, legacy) + pickle.BINPERSID


def identity(count: int = 4, key: str = "0", kind: str = "FloatStorage", legacy: bool = False) -> bytes:
    end = [pickle.NONE] if legacy else []
    return items(text("storage"), name("torch", kind), text(key), text("cpu"), number(count), *end)


def view(storage: bytes, shape: tuple[int, ...] = (2, 2), strides: tuple[int, ...] = (2, 1), offset: int = 0) -> bytes:
    """Returns the opcodes for a tensor that is a view of a storage."""
    sizes = [items(*map(number, values)) for values in (shape, strides)]
    return call(TORCH_TENSOR, storage, number(offset), *sizes, pickle.NEWFALSE, pickle.EMPTY_DICT)


def nested_storage(count: int = 4) -> bytes:
    """Returns the opcodes for a storage inside an NVIDIA pickle, which is a file of its own."""
    stream = io.BytesIO()
    values = torch.arange(count, dtype=torch.float32).untyped_storage()
    typed = torch.storage.TypedStorage(wrap_storage=values, dtype=torch.float32, _internal=True)
    torch.save(typed, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def load_from_bytes(payload: bytes) -> bytes:
    return call(("torch.storage", "_load_from_bytes"), blob(payload))


def persistent(class_name: str = "Generator", **state: bytes) -> bytes:
    """Returns the opcodes for an object of NVIDIA's, whose source code would end the test if it were run."""
    meta = mapping(
        type=text("class"),
        version=number(6),
        module_src=text("raise SystemExit"),
        class_name=text(class_name),
        state=mapping(**state),
    )
    return call(("torch_utils.persistence", "_reconstruct_persistent_obj"), meta)


def number_type(code: str = "f8", order: str = "<") -> bytes:
    made = call(("numpy", "dtype"), text(code), pickle.NEWFALSE, pickle.NEWTRUE)
    return made + items(number(3), text(order), *[pickle.NONE] * 3, number(-1), number(-1), number(0)) + pickle.BUILD


def array(shape: tuple[int, ...], data: bytes, code: str = "f8", order: str = "<") -> bytes:
    empty = call(("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), items(number(0)), blob(b"b"))
    state = items(number(1), items(*map(number, shape)), number_type(code, order), pickle.NEWFALSE, blob(data))
    return empty + state + pickle.BUILD


def network() -> bytes:
    """Returns a small valid NVIDIA pickle."""
    weight = call(
        ("torch._utils", "_rebuild_parameter"),
        view(load_from_bytes(nested_storage())),
        pickle.NEWTRUE,
        call(("collections", "OrderedDict")),
    )
    scale = call(("numpy._core.multiarray", "scalar"), number_type(), blob(struct.pack("<d", 0.5)))
    layer = persistent("Layer", _parameters=mapping(weight=weight, bias=pickle.NONE), scale=scale)
    return file(mapping(G_ema=persistent(_modules=mapping(fc0=layer), _init_kwargs=mapping(z_dim=number(512)))))


def archive(content: bytes, entries: dict[str, bytes] | None = None, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Returns a torch zip file around a pickle, with one storage of four numbers unless `entries` are given."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as target:
        target.writestr("archive/data.pkl", file(content))
        for path, value in ({"archive/data/0": bytes(16)} if entries is None else entries).items():
            target.writestr(path, value)
    return stream.getvalue()


def legacy(content: bytes, keys: tuple[str, ...] = ("0",), numbers: bytes = struct.pack("<q", 4) + bytes(16)) -> bytes:
    """Returns a file in the format from before torch 1.6."""
    magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
    parts = [number(1001), mapping(little_endian=pickle.NEWTRUE), content]
    parts.append(pickle.EMPTY_LIST + pickle.MARK + b"".join(map(text, keys)) + pickle.APPENDS)
    return magic + b"".join(pickle.PROTO + b"\x02" + part + pickle.STOP for part in parts) + numbers
