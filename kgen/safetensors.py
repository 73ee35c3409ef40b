"""Safetensors files: names and arrays, and nothing that could be executed."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from kgen.diagnostics import Fault

DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
MAX_HEADER = 100_000_000


MARK = {"kgen": "converted"}


def write(arrays: Mapping[str, Any]) -> bytes:
    """Return a file with the arrays, marked as converted and not trained."""
    import numpy as np

    names = {np.dtype(code): name for name, code in DTYPES.items()}
    header: dict[str, Any] = {"__metadata__": MARK}
    chunks: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        entry = {"dtype": names[array.dtype.newbyteorder("<")], "shape": list(array.shape)}
        header[name] = entry | {"data_offsets": [offset, offset + len(data)]}
        chunks.append(data)
        offset += len(data)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    return b"".join([struct.pack("<Q", len(head)), head, *chunks])


def is_converted(data: bytes) -> bool:
    """Return whether a file is one that `write` has made: nothing is lost with it."""
    return data[8:].startswith(json.dumps({"__metadata__": MARK})[:-1].encode())


def read(data: bytes) -> dict[str, Any]:
    """Return the arrays of a file.

    Raises:
        Fault: It is none, or its header does not fit its data.
    """
    import numpy as np

    try:
        (size,) = struct.unpack("<Q", data[:8])
        if size > min(MAX_HEADER, len(data) - 8):
            raise ValueError("its header is longer than the file")
        header = json.loads(data[8 : 8 + size])
        header.pop("__metadata__", None)
        start = 8 + size
        arrays = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            if not 0 <= begin <= end <= len(data) - start:
                raise ValueError(f"`{name}` lies outside of the file")
            array = np.frombuffer(data[start + begin : start + end], DTYPES[entry["dtype"]])
            arrays[name] = array.reshape(entry["shape"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error) as error:
        raise Fault("K611", f"this is no safetensors file: {str(error)[:200]}") from None
    return arrays
