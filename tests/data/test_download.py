"""Downloads against a server on this machine that can be slow-witted, broken or lying."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from autocnn.data import Resource, cache_folder, catalogue, fetch, load
from autocnn.data.download import is_intact
from autocnn.errors import ArgumentError, DataError, DataNotFoundError

from .conftest import cifar_bytes, write_mnist

CONTENT = bytes(range(256)) * 2000  # 512,000 bytes: several reads


class Server(ThreadingHTTPServer):
    """Serves `files`, and remembers the Range header of every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {"/file.bin": CONTENT}
        self.asked: list[str | None] = []
        self.cut_after: list[int] = []  # one entry for each answer that is to break off
        self.ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        body = content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.server.cut_after.pop(0) if self.server.cut_after else len(body)
        self.wfile.write(body[:cut])

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def md5(content: bytes) -> str:
    return "md5:" + hashlib.md5(content, usedforsecurity=False).hexdigest()


def resource(server: Server, *urls: str) -> Resource:
    return Resource("file.bin", urls or (f"{server.url}/file.bin",), md5(CONTENT))


class Pauses(list[float]):
    """Waits for nothing and remembers how long it should have been."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def test_a_plain_download(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    folder = tmp_path / "new" / "folder"
    path = fetch(resource(server), folder, progress=lambda have, total: seen.append((have, total)))
    assert path == folder / "file.bin"
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in folder.iterdir()] == ["file.bin"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


def test_what_is_there_and_intact_is_not_asked_for(server: Server, tmp_path: Path) -> None:
    fetch(resource(server), tmp_path)
    fetch(resource(server), tmp_path)
    assert server.asked == [None]


def test_what_is_there_and_damaged_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(CONTENT[:-1] + b"!")
    assert fetch(resource(server), tmp_path).read_bytes() == CONTENT


def test_sha256(server: Server, tmp_path: Path) -> None:
    checksum = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
    found = Resource("file.bin", (f"{server.url}/file.bin",), checksum)
    assert is_intact(fetch(found, tmp_path), checksum)


def test_a_cut_connection_is_gone_on_with(server: Server, tmp_path: Path) -> None:
    server.cut_after = [100_000, 50_000]
    pauses = Pauses()
    assert fetch(resource(server), tmp_path, pause=pauses).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=150000-"]
    assert pauses == [0.5, 1.0]


def test_a_later_run_goes_on_too(server: Server, tmp_path: Path) -> None:
    server.cut_after = [100_000]
    with pytest.raises(DataNotFoundError) as caught:
        fetch(resource(server), tmp_path, retries=0)
    assert "the connection was cut after 100000 of 512000 bytes" in str(caught.value)
    assert (tmp_path / "file.bin.part").stat().st_size == 100_000
    assert fetch(resource(server), tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-"]


def test_a_server_that_ignores_ranges(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    assert fetch(resource(server), tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"]


def test_a_part_that_is_whole_already(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    assert fetch(resource(server), tmp_path).read_bytes() == CONTENT
    assert not (tmp_path / "file.bin.part").exists()


@pytest.mark.parametrize("part", [b"?" * 1000, CONTENT + b"?"])
def test_a_part_of_something_else_is_begun_anew(server: Server, tmp_path: Path, part: bytes) -> None:
    (tmp_path / "file.bin.part").write_bytes(part)
    assert fetch(resource(server), tmp_path, pause=Pauses()).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(part)}-", None]


def test_a_wrong_checksum(server: Server, tmp_path: Path) -> None:
    server.files["/file.bin"] = b"<html>please log in</html>"
    with pytest.raises(DataError) as caught:
        fetch(resource(server), tmp_path, pause=Pauses())
    host = server.url.removeprefix("http://")
    assert str(caught.value) == (
        f"fetch: file.bin from {host} has the wrong checksum; it should be {md5(CONTENT)}. "
        f"Try again later, or put the right file into {tmp_path}"
    )
    assert list(tmp_path.iterdir()) == []
    assert len(server.asked) == 4


def test_the_next_address_is_tried(server: Server, tmp_path: Path) -> None:
    found = resource(server, f"{server.url}/gone", f"{server.url}/file.bin")
    pauses = Pauses()
    assert fetch(found, tmp_path, pause=pauses).read_bytes() == CONTENT
    assert pauses == []


def test_a_missing_page(server: Server, tmp_path: Path) -> None:
    pauses = Pauses()
    with pytest.raises(DataNotFoundError, match=r"could not be fetched from 127\.0\.0\.1:\d+ \(Not Found\)"):
        fetch(resource(server, f"{server.url}/gone"), tmp_path, pause=pauses)
    assert pauses == [0.5, 1.0, 2.0]


def test_no_network(tmp_path: Path) -> None:
    def opener(request: object, timeout: float) -> object:
        raise URLError(OSError(-3, "Temporary failure in name resolution"))

    urls = ("https://example.org/file.bin", "https://example.com/file.bin")
    with pytest.raises(DataNotFoundError) as caught:
        fetch(Resource("file.bin", urls, md5(b"")), tmp_path, opener=opener, pause=Pauses())
    assert str(caught.value) == (
        "fetch: file.bin could not be fetched from example.org, example.com "
        "([Errno -3] Temporary failure in name resolution); there is no network, or the server is down. "
        f"Put the file into {tmp_path}, or give the folder that has it"
    )
    assert isinstance(caught.value.__cause__, URLError)


def test_a_refused_connection(server: Server, tmp_path: Path) -> None:
    closed = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = closed.server_address[1]
    closed.server_close()
    with pytest.raises(DataNotFoundError, match="Connection refused"):
        fetch(resource(server, f"http://127.0.0.1:{port}/file.bin"), tmp_path, pause=Pauses())


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError) as caught:
        fetch(resource(server), tmp_path / "file")
    assert str(caught.value) == f"fetch: {tmp_path / 'file'} cannot be made (File exists). Give another folder"


def test_a_full_disk_is_not_taken_for_a_lost_network(server: Server, tmp_path: Path) -> None:
    part = tmp_path / "file.bin.part"
    part.mkdir()
    with pytest.raises(DataError) as caught:
        fetch(resource(server), tmp_path)
    assert str(caught.value) == (
        f"fetch: {part} cannot be written (Is a directory). Free some space, or give another folder"
    )


def test_arguments() -> None:
    with pytest.raises(ArgumentError, match=r"^fetch: retries is -1; it is at least 0$"):
        fetch(Resource("a", ("http://x/a",), "md5:0"), ".", retries=-1)
    with pytest.raises(ArgumentError, match=r"^Resource: checksum is 'abc'; it begins with md5: or sha256:$"):
        Resource("a", ("http://x/a",), "abc")
    with pytest.raises(ArgumentError, match=r"^Resource: urls of a is empty; a file comes from somewhere$"):
        Resource("a", (), "md5:0")


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("AUTOCNN_DATA", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == tmp_path / "autocnn" / "data"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "autocnn" / "data"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder() == Path.home() / "Library" / "Caches" / "autocnn" / "data"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert cache_folder() == tmp_path / "autocnn" / "data"
    monkeypatch.setenv("AUTOCNN_DATA", "elsewhere")
    assert cache_folder() == Path("elsewhere")
    assert cache_folder("argument") == Path("argument")


def serve_instead(server: Server, monkeypatch: pytest.MonkeyPatch, name: str, files: dict[str, bytes]) -> None:
    """Let the catalogue's entry come from this server, with these files."""
    entry = catalogue.source(name)
    server.files = {f"/{file}": content for file, content in files.items()}
    made = tuple(Resource(file, (f"{server.url}/{file}",), md5(content)) for file, content in files.items())
    changed = type(entry)(**{**{slot: getattr(entry, slot) for slot in entry.__slots__}, "resources": made})
    monkeypatch.setattr("autocnn.data.datasets.source", lambda _: changed)


def test_load_downloads_once_and_checks(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_mnist(tmp_path / "made")
    files = {path.name: path.read_bytes() for path in sorted(made.iterdir())}
    serve_instead(server, monkeypatch, "mnist", files)
    cache = tmp_path / "cache"
    assert len(load("mnist", cache, download=True)) == 30
    assert len(server.asked) == 4
    load("mnist", cache, "test", download=True)
    assert len(server.asked) == 4
    damaged = cache / "mnist" / "train-labels-idx1-ubyte.gz"
    damaged.write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x1e" + bytes(30)))  # readable, but another file
    assert load("mnist", cache, download=True).labels.max() == 9
    assert len(server.asked) == 5


def test_load_unpacks_archives(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["../../test_batch.bin"]:
            content = cifar_bytes(list(range(10)))
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    serve_instead(server, monkeypatch, "cifar10", {"cifar-10-binary.tar.gz": packed.getvalue()})
    assert len(load("cifar10", tmp_path / "cache", "train+val", download=True)) == 50
    assert len(load("cifar10", tmp_path / "cache", "test", download=True)) == 10
    assert len(server.asked) == 1
    assert {path.name for path in (tmp_path / "cache" / "cifar-10").iterdir()} == {
        *(f"data_batch_{i}.bin" for i in range(1, 6)),
        "test_batch.bin",
    }


def test_an_archive_that_is_none(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_instead(server, monkeypatch, "cifar10", {"cifar-10-binary.tar.gz": b"no archive"})
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz cannot be unpacked \(.*\)\. Remove it and"):
        load("cifar10", tmp_path, download=True)


def test_what_cannot_be_downloaded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^load: download is True; optdigits cannot be downloaded\. Give the"):
        load("optdigits", tmp_path, download=True)


@pytest.mark.data
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_checksums_are_the_published_files(data_dir: Path, name: str) -> None:
    for found in catalogue.source(name).resources:
        assert is_intact(data_dir / name / found.name, found.checksum)
