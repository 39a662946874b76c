"""Files fetched once over HTTP, checked before use, and gone on with where an earlier attempt was cut."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias
from urllib.parse import urlsplit

from autocnn.data.packed import FilePath
from autocnn.errors import ArgumentError, DataError, DataNotFoundError

Opener: TypeAlias = Callable[..., Any]
"""Called as ``opener(request, timeout=seconds)``, like `urllib.request.urlopen`."""

Progress: TypeAlias = Callable[[int, int | None], None]
"""Told the bytes that are there, and how many it will be where that is known."""

_CHUNK = 1 << 16
_PATIENCE = 30.0  # seconds without one byte


@dataclass(frozen=True, slots=True)
class Resource:
    """A published file: its name, where it can be had, and its checksum as ``"md5:..."`` or ``"sha256:..."``.

    Raises ArgumentError if the checksum is of another kind, or there is no URL.

    >>> Resource("a.gz", ("https://example.org/a.gz",), "md5:0cc175b9c0f1b6a831c399e269772661").kind
    'md5'
    """

    name: str
    urls: tuple[str, ...]
    checksum: str

    def __post_init__(self) -> None:
        if not self.urls:
            raise ArgumentError(f"Resource: urls of {self.name} is empty; a file comes from somewhere")
        if self.kind not in ("md5", "sha256"):
            raise ArgumentError(f"Resource: checksum is {self.checksum!r}; it begins with md5: or sha256:")

    @property
    def kind(self) -> str:
        """How the checksum is made: md5 or sha256."""
        return self.checksum.partition(":")[0]


def cache_folder(folder: FilePath | None = None) -> Path:
    """Where downloads are kept: `folder`, else what AUTOCNN_DATA says, else the user's cache folder.

    >>> cache_folder("here") == Path("here")
    True
    """
    if folder is not None:
        return Path(folder)
    if chosen := os.environ.get("AUTOCNN_DATA"):
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "autocnn" / "data"


def is_intact(path: FilePath, checksum: str) -> bool:
    """Whether a file is there and has this checksum.

    >>> is_intact("nowhere", "md5:0cc175b9c0f1b6a831c399e269772661")
    False
    """
    kind, _, digest = checksum.partition(":")
    try:
        with open(path, "rb") as file:
            return (
                hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest() == digest
            )
    except (FileNotFoundError, NotADirectoryError):
        return False


def fetch(
    resource: Resource,
    folder: FilePath,
    *,
    retries: int = 3,
    opener: Opener | None = None,
    pause: Callable[[float], None] = time.sleep,
    progress: Progress | None = None,
) -> Path:
    """The path of a published file in `folder`, fetched if it is not there, its checksum verified either way.

    It grows as ``name.part``, which a later attempt, or a later run, goes on with; only a file with the right
    checksum takes its final name, in one step. Every URL is tried in turn, `retries` more times in all.

    Raises DataNotFoundError if no attempt gets through, DataError if what arrives has the wrong checksum.
    """
    from http.client import HTTPException  # here, and not above: networking doubles the time of the import
    from urllib.request import urlopen

    if retries < 0:
        raise ArgumentError(f"fetch: retries is {retries}; it is at least 0")
    folder = Path(folder)
    target, part = folder / resource.name, folder / f"{resource.name}.part"
    if is_intact(target, resource.checksum):
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"fetch: {folder} cannot be made ({error.strerror}). Give another folder") from error
    reason: Exception | None = None
    for attempt in range(retries + len(resource.urls)):
        if attempt >= len(resource.urls):
            pause(min(0.5 * 2 ** (attempt - len(resource.urls)), 10.0))
        try:
            _transfer(resource.urls[attempt % len(resource.urls)], part, opener or urlopen, progress)
        except (OSError, HTTPException) as error:
            reason = error
            continue
        if is_intact(part, resource.checksum):
            os.replace(part, target)
            return target
        part.unlink(missing_ok=True)  # nothing of it can be trusted
        reason = None
    raise _failure(resource, folder, reason)


def _transfer(url: str, part: Path, opener: Opener, progress: Progress | None) -> None:
    """Append to `part` what it still lacks; an answer that is cut short raises and keeps what came."""
    from urllib.error import HTTPError
    from urllib.request import Request

    have = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = opener(request, timeout=_PATIENCE)
    except HTTPError as error:
        error.close()
        if error.code == 416 and have:  # nothing lies beyond what is there: the checksum decides
            return
        raise
    with response:
        if have and not _goes_on(response, have):
            have = 0  # the server sends the whole file, whatever was asked
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        _copy(response, part, have, total, progress)
        if total is not None and part.stat().st_size < total:
            raise ConnectionError(f"the connection was cut after {part.stat().st_size} of {total} bytes")


def _goes_on(response: Any, have: int) -> bool:
    """Whether the answer begins at byte `have`."""
    content_range = response.headers.get("Content-Range") or ""
    return response.status == 206 and content_range.startswith(f"bytes {have}-")


def _copy(response: IO[bytes], part: Path, have: int, total: int | None, progress: Progress | None) -> None:
    """The answer's bytes after the first `have` of the file; a full disk must not pass for a lost network."""
    try:
        with open(part, "ab" if have else "wb") as file:
            while chunk := _receive(response):
                file.write(chunk)
                have += len(chunk)
                if progress:
                    progress(have, total)
    except _Cut as cut:
        raise cut.reason from cut
    except OSError as error:
        raise DataError(
            f"fetch: {part} cannot be written ({error.strerror}). Free some space, or give another folder"
        ) from error


class _Cut(Exception):
    """A connection that broke while it was read."""

    def __init__(self, reason: Exception) -> None:
        self.reason = reason


def _receive(response: IO[bytes]) -> bytes:
    from http.client import HTTPException

    try:
        return response.read(_CHUNK)
    except (OSError, HTTPException) as error:
        raise _Cut(error) from error


def _failure(resource: Resource, folder: Path, reason: Exception | None) -> Exception:
    """What the person who asked for the file can do about it."""
    hosts = ", ".join(dict.fromkeys(urlsplit(url).netloc for url in resource.urls))
    if reason is None:
        return DataError(
            f"fetch: {resource.name} from {hosts} has the wrong checksum; "
            f"it should be {resource.checksum}. Try again later, or put the right file into {folder}"
        )
    said = getattr(reason, "reason", None) or reason
    failure = DataNotFoundError(
        f"fetch: {resource.name} could not be fetched from {hosts} ({said}); "
        f"there is no network, or the server is down. "
        f"Put the file into {folder}, or give the folder that has it"
    )
    failure.__cause__ = reason
    return failure
