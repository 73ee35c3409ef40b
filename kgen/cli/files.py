"""Files as the command line reads and writes them: nothing is lost, and errors are sentences."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

LIMIT = 64 * 1024 * 1024  # bytes; a specification is a small text


class FileProblem(Exception):
    """A file cannot be read or written, in words a person can act on."""


def read_text(path: str) -> str:
    """Return the text of a file, or of the standard input for `-`."""
    data = read_bytes(path)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileProblem(
            f"{shown(path)} is not UTF-8 text (byte {data[error.start]:#04x} in line {line})"
        ) from None


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file, or of the standard input for `-`."""
    try:
        if path == "-":
            if sys.stdin is None:
                raise FileProblem("there is no standard input to read from")
            data = sys.stdin.buffer.read(LIMIT + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(LIMIT + 1)
    except OSError as error:
        raise FileProblem(f"cannot read {shown(path)}: {reason(error)}") from None
    if len(data) > LIMIT:
        raise FileProblem(f"{shown(path)} is larger than {LIMIT >> 20} MiB: not a specification")
    return data


def write(path: str, data: bytes) -> None:
    """Replace the content of a file as a whole, or not at all.

    The data goes to a temporary file beside it, which then takes its name: whatever interrupts
    the writing leaves the old content. A link stays a link, and keeps its target's permissions.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            _write_device(path, data, mode)
            return
        if mode is not None and not os.access(target, os.W_OK):
            raise PermissionError(13, "it is write-protected")
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent
        )
        try:
            with open(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, stat.S_IMODE(mode) if mode is not None else 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise FileProblem(f"cannot write {shown(path)}: {reason(error)}") from None


def _write_device(path: str, data: bytes, mode: int) -> None:
    """Write to what is no regular file: `/dev/null`, a pipe. It must not be replaced."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(21, "it is a directory")
    with open(path, "wb") as file:
        file.write(data)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def reason(error: OSError) -> str:
    """Return why an operation failed, without the path, in lowercase."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(error, IsADirectoryError):
        return "it is a directory"
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]


def shown(path: str) -> str:
    """Return a path as it can be printed."""
    if path == "-":
        return "the standard input"
    printable = os.fsencode(path).decode("utf-8", "replace")
    return "`" + "".join(c if c.isprintable() else "\ufffd" for c in printable) + "`"


def cache_folder() -> str:
    """Return a folder that only this user can write to, or "" where there is none."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(base, "kgen")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.stat(folder)
    except (OSError, ValueError):
        return ""
    private = os.name == "nt" or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)
    return folder if private and os.access(folder, os.W_OK) else ""
