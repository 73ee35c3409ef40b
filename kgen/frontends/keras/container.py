"""Opening saved models: what kind of file it is, its configuration, and where its weights are.

Nothing is unpacked to disk, and nothing is read before its size is known to be honest.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from kgen.diagnostics import CompileError, Diagnostics, Fault
from kgen.frontends.keras.document import Item, parse_json, read_document
from kgen.source import NOWHERE, Source

CONFIG_LIMIT = 64 << 20
SMALL = 256 << 20  # bytes that may be read whatever the size of the file
MAX_RATIO = 20  # how much larger than the file its content may be, beyond that
ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
# Parts of TensorFlow's checkpoints and of its SavedModel format.
FOREIGN = re.compile(r"\.index$|\.data-\d+-of-\d+$|^checkpoint$|\.pb$")
MEMBERS = ("config.json", "metadata.json", "model.weights.h5")

Opener = Callable[[], BinaryIO]


@dataclass(frozen=True, eq=False)
class Saved:
    """A saved model as it lies in a file.

    Args:
        path: The name it is shown under.
        source: The configuration as text, None for weights alone.
        top: Its top item.
        compiled: The compile settings, where they stand apart.
        version: The version of Keras that wrote it, "" where it does not say.
        weights: Open the HDF5 files with the weights, in order; none for a configuration alone.
    """

    path: str
    source: Source | None = None
    top: Item | None = None
    compiled: Item | None = None
    version: str = ""
    weights: tuple[Opener, ...] = ()
    members: Mapping[str, bytes] = field(default_factory=dict)


@contextmanager
def located(path: str) -> Iterator[None]:
    """Raise a fault of the file as a whole as the error of a source."""
    try:
        yield
    except Fault as fault:
        source = Source(path, "", binary=True)
        raise CompileError(source, (fault.at(NOWHERE),)) from None


def sniff(head: bytes) -> str:
    """Return what a file is by its first bytes: "keras", "hdf5", "json" or ""."""
    if head.startswith(b"PK"):
        return "keras"
    if head.startswith(HDF5):
        return "hdf5"
    return "json" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else ""


def is_foreign(name: str) -> bool:
    """Return whether a file has the name of one that TensorFlow writes, and Keras 3 does not."""
    return FOREIGN.search(name) is not None


def foreign(names: Iterable[str]) -> Fault | None:
    """Return what is wrong with files that TensorFlow has written, None where there are none."""
    names = list(names)
    if any(name.endswith(".pb") for name in names):
        return Fault(
            "K611",
            "TensorFlow's SavedModel format holds a program, not a model description",
            helps=("load it in Keras 2 and save it as `model.keras` or `model.h5`",),
        )
    if any(map(is_foreign, names)):
        return Fault(
            "K611",
            "this is a checkpoint of TensorFlow, which kgen does not read",
            helps=("load it in Keras 2, `model.load_weights(...)`, and save the model as `.h5`",),
        )
    return None


def open_saved(path: str, data: bytes) -> Saved:
    """Return the saved model in the bytes of a file.

    Args:
        path: The name it is shown under.
        data: What is in the file.

    Raises:
        CompileError: It is none, it is damaged, or it is not what it says.
    """
    with located(path):
        kind = sniff(data[:64])
        if kind == "keras":
            return open_archive(path, data)
        if kind == "hdf5":
            return open_hdf5(path, data)
        if kind == "json":
            return open_config(path, config_text(data))
        if not data:
            raise Fault("K611", "the file is empty")
        if (fault := foreign([path.rpartition("/")[2]])) is not None:
            raise fault
        raise Fault(
            "K611",
            "this is no saved Keras model",
            notes=("kgen reads .keras archives, HDF5 files, and JSON from `model.to_json()`",),
        )


def open_folder(path: str, read: Callable[[str], bytes], names: list[str]) -> Saved:
    """Return the saved model in a folder: a configuration, and weights in one or more files.

    Args:
        path: The folder's name.
        read: Reads one of its files.
        names: The files in it.
    """
    with located(path):
        if (fault := foreign(names)) is not None:
            raise fault
        shards = sorted(n for n in names if n.endswith((".weights.h5", ".h5", ".hdf5")))
        if not shards and "config.json" not in names:
            raise Fault("K611", "the folder has neither a `config.json` nor weights")
        weights = tuple(_memory(read(name)) for name in shards)
        if "config.json" not in names:
            return Saved(path, weights=weights)
        text = config_text(read("config.json"))
        metadata = read("metadata.json") if "metadata.json" in names else b"{}"
        return _with_config(path, text, metadata, weights)


def _memory(data: bytes) -> Opener:
    return lambda: io.BytesIO(data)


def config_text(data: bytes) -> str:
    """Return the bytes of a configuration as text."""
    if len(data) > CONFIG_LIMIT:
        raise Fault("K611", f"the configuration is larger than {CONFIG_LIMIT >> 20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Fault(
            "K611", f"the configuration is not UTF-8 text (byte {data[error.start]:#04x})"
        ) from None


def open_config(path: str, text: str) -> Saved:
    """Return a configuration alone."""
    source, top = read_document(path, text)
    return Saved(path, source, top, version=top.text("keras_version"))


def _with_config(
    path: str, text: str, metadata: bytes, weights: tuple[Opener, ...], **more: Any
) -> Saved:
    source, top = read_document(path, text)
    about = parse_json(Source(path, config_text(metadata)))
    return Saved(
        path, source, top, version=about.text("keras_version") or "3", weights=weights, **more
    )


# ----------------------------------------------------------------------------- .keras


def open_archive(path: str, data: bytes) -> Saved:
    """Return the model in a `.keras` archive."""
    members = read_members(data)
    if "config.json" not in members:
        raise Fault(
            "K611",
            "the archive has no `config.json`: it is no Keras model",
            notes=(f"it has {len(members)} of the files {', '.join(MEMBERS)}",),
        )
    text = config_text(members["config.json"])
    weights = members.get("model.weights.h5")
    openers = (_memory(weights),) if weights is not None else ()
    metadata = members.get("metadata.json", b"{}")
    return _with_config(path, text, metadata, openers, members=members)


def read_members(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive that a Keras model has."""
    budget = max(SMALL, MAX_RATIO * len(data))
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            for entry in entries:
                check_name(entry.filename)
                if entry.flag_bits & 1:
                    raise Fault("K611", f"`{shown(entry.filename)}` in the archive is encrypted")
                if sum(e.filename == entry.filename for e in entries) > 1:
                    raise Fault("K611", f"`{shown(entry.filename)}` is twice in the archive")
            if sum(e.file_size for e in entries) > budget:
                raise Fault(
                    "K611",
                    "the archive unpacks to far more than it holds",
                    notes=(
                        f"it has {len(data):,} bytes, and claims to unpack to "
                        f"{sum(e.file_size for e in entries):,}",
                    ),
                )
            for entry in entries:
                if entry.filename in MEMBERS or is_vocabulary(entry.filename):
                    members[entry.filename] = read_member(archive, entry)
                elif not entry.is_dir():
                    raise Fault(
                        "K611",
                        f"`{shown(entry.filename)}` in the archive is not translated",
                        notes=("assets belong to layers that kgen does not read from files",),
                    )
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zipfile.LargeZipFile) as error:
        raise Fault("K611", f"the archive is damaged: {str(error)[:200]}") from None
    except (ValueError, RuntimeError, OSError, LookupError) as error:
        raise Fault("K611", f"the archive cannot be read: {str(error)[:200]}") from None
    return members


def read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return the content of one file of an archive, which must be as long as it says."""
    import lzma
    import zlib

    try:
        with archive.open(entry) as file:
            content = file.read(entry.file_size + 1)
    except (zlib.error, lzma.LZMAError) as error:
        raise Fault("K611", f"the archive is damaged: {error}") from None
    if len(content) != entry.file_size:
        raise Fault("K611", f"`{entry.filename}` in the archive is not as long as it says")
    return content


def is_vocabulary(name: str) -> bool:
    """Return whether a file of an archive is the vocabulary of a layer."""
    return name.startswith("assets/layers/") and name.endswith("/vocabulary.txt")


def check_name(name: str) -> None:
    """Refuse a name in an archive that would leave the folder it is unpacked to."""
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or "\0" in name or ":" in parts[0]:
        raise Fault("K611", f"`{shown(name)}` in the archive points outside of it")


def shown(name: str) -> str:
    """Return a name that came out of a file as it can be printed."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name[:80])


def write_archive(members: Mapping[str, bytes], weights: bytes) -> bytes:
    """Return a `.keras` archive with other weights."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in (*MEMBERS, *filter(is_vocabulary, members)):
            content = weights if name == "model.weights.h5" else members.get(name)
            if content is not None:
                archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


# ------------------------------------------------------------------------------- HDF5


def open_hdf5(path: str, data: bytes) -> Saved:
    """Return the model in an HDF5 file; it may hold weights alone."""
    from kgen.frontends.keras.hdf5 import Hdf5, attribute_text

    opener = _memory(data)
    with Hdf5((opener,)) as store:
        attributes = store.attributes()
        config = attribute_text(attributes, "model_config")
        version = attribute_text(attributes, "keras_version")
        training = attribute_text(attributes, "training_config")
    if not config:
        return Saved(path, version=version, weights=(opener,))
    compiled = None
    if training:
        # One document, so that places in both parts can be shown.
        model, settings = (plain_json(path, t) for t in (config, training))
        text = json.dumps({"model_config": model, "training_config": settings})
        source, whole = read_document(path, text)
        top, compiled = whole.get("model_config"), whole.get("training_config")
        assert top is not None
    else:
        source, top = read_document(path, config)
    return Saved(path, source, top, compiled, version, (opener,))


def plain_json(path: str, text: str) -> Any:
    """Return the bare value of a JSON text."""
    return parse_json(Source(path, text)).plain()


__all__ = ["Diagnostics", "Saved", "open_folder", "open_saved"]
