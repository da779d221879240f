"""Arrays in Arrow files: written with their checksum, read as read-only views of the mapped file.

One file holds the arrays of one object. Arrow IPC gives every column the same number of rows, so
each array is the one row of a list column; the list's values are the array, uncopied.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

AnyArray = npt.NDArray[Any]
T = TypeVar("T")

_SHAPE, _DTYPE, _PLAIN = b"shape", b"dtype", b"plain"


def write_file(path: Path, write: Callable[[BinaryIO], object], *, mode: int = 0o644) -> str:
    """Write a new file through to the disk.

    Parameters
    ----------
    path : Path
        Must not exist.
    write : callable
        Writes the contents to the open file.
    mode : int
        Permissions, further narrowed by the process's umask.

    Returns
    -------
    str
        SHA-256 of the contents, in hexadecimal digits.

    Raises
    ------
    OSError
        If the file exists or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, mode), "wb", buffering=2**20) as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    return digest(path)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Hexadecimal digits.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def arrays_of(value: object) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    """Take a dataclass of arrays apart.

    Parameters
    ----------
    value : dataclass
        Its fields are arrays, further dataclasses of arrays, or plain JSON values.

    Returns
    -------
    arrays : dict of str to array
        Named by field; the fields of a field as ``outer.inner``.
    plain : dict of str to object
        The fields that are no arrays.
    """
    arrays: dict[str, AnyArray] = {}
    plain: dict[str, Any] = {}
    for field in fields(value):  # type: ignore[arg-type]  # any dataclass will do
        part = getattr(value, field.name)
        if isinstance(part, np.ndarray):
            arrays[field.name] = part
        elif is_dataclass(part):
            inner, more = arrays_of(part)
            arrays |= {f"{field.name}.{name}": array for name, array in inner.items()}
            plain |= {f"{field.name}.{name}": item for name, item in more.items()}
        else:
            plain[field.name] = part
    return arrays, plain


def object_of(kind: type[T], parts: Mapping[str, Any]) -> T:
    """Put a dataclass of arrays together again.

    Parameters
    ----------
    kind : type
        The dataclass.
    parts : mapping of str to object
        What :func:`arrays_of` returned, arrays and plain values in one.

    Returns
    -------
    object
        Of that type.

    Raises
    ------
    TypeError
        If a part is missing or is not one of the dataclass.
    """
    values: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        head, _, tail = name.partition(".")
        if tail:
            inner.setdefault(head, {})[tail] = part
        else:
            values[name] = part
    for field in fields(kind):  # type: ignore[arg-type]  # any dataclass will do
        if field.name in inner and isinstance(field.type, type):
            values[field.name] = object_of(field.type, inner[field.name])
    return kind(**values)


def write_arrays(
    file: BinaryIO, arrays: Mapping[str, AnyArray], plain: Mapping[str, Any] | None = None
) -> None:
    """Write arrays of any lengths as one Arrow IPC file.

    Parameters
    ----------
    file : binary file
        Open for writing.
    arrays : mapping of str to array
        Numbers, booleans or (object arrays of) text, of any shape.
    plain : mapping of str to object, optional
        JSON values to be kept beside them.
    """
    columns, schema = [], []
    for name, array in arrays.items():
        values = _flat(array)
        offsets = pa.array([0, len(values)], pa.int64())
        columns.append(pa.LargeListArray.from_arrays(offsets, values))
        about = {_SHAPE: json.dumps(array.shape), _DTYPE: array.dtype.str}
        schema.append(pa.field(name, pa.large_list(values.type), metadata=about))
    about_all = {_PLAIN: json.dumps(dict(plain or {}), sort_keys=True, ensure_ascii=False)}
    batch = pa.record_batch(columns, schema=pa.schema(schema, metadata=about_all))
    options = pa.ipc.IpcWriteOptions(allow_64bit=True)
    with pa.ipc.new_file(file, batch.schema, options=options) as writer:
        writer.write_batch(batch)


def read_arrays(path: Path) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    """Map a file of :func:`write_arrays` into memory.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    arrays : dict of str to array
        Read-only; numbers and booleans are views of the mapped file, text is copied.
    plain : dict of str to object
        The JSON values.

    Raises
    ------
    OSError
        If the file cannot be read.
    pyarrow.ArrowInvalid
        If it is no such file.
    """
    with pa.memory_map(str(path)) as source:
        batch = pa.ipc.open_file(source).get_batch(0)
    arrays = {
        field.name: _array(column, field.metadata)
        for field, column in zip(batch.schema, batch.columns, strict=True)
    }
    return arrays, json.loads(batch.schema.metadata[_PLAIN])


def _flat(array: AnyArray) -> pa.Array:
    """Return an array as one Arrow column, without copying numbers."""
    if array.dtype.hasobject:
        return pa.array(array.ravel().tolist(), pa.large_utf8())
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.dtype == np.bool_:
        flat = flat.view(np.uint8)
    kind = pa.from_numpy_dtype(flat.dtype)
    return pa.Array.from_buffers(kind, len(flat), [None, pa.py_buffer(flat)])


def _array(column: pa.Array, about: Mapping[bytes, bytes]) -> AnyArray:
    """Return a column as a read-only array."""
    shape, dtype = json.loads(about[_SHAPE]), np.dtype(about[_DTYPE].decode())
    if dtype.hasobject:
        text = np.empty(len(column.values), object)
        text[:] = column.values.to_pylist()
        array: AnyArray = text.reshape(shape)
        array.flags.writeable = False
        return array
    values: AnyArray = column.values.to_numpy(zero_copy_only=True)
    return values.view(dtype).reshape(shape)
