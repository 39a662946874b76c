"""PyTorch's ways to files, which are pickles: refused, each with the way that there is."""

from __future__ import annotations

import os
import re
from typing import Any, NoReturn
from urllib.parse import urlparse

from autocnn.errors import ArgumentError

REMEDY = (
    "such files are pickles, which run code when they are read, and are not opened here. Where PyTorch is, write "
    "safetensors.torch.save_file(model.state_dict(), path); then read that file into the model"
)


def load(f: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Refuse a file of PyTorch's, and say how to convert it. Raises ArgumentError.

    >>> load("net.pt")
    Traceback (most recent call last):
    ...
    autocnn.errors.ArgumentError: load: f is 'net.pt'; such files are pickles, ...
    """
    raise ArgumentError(f"load: f is {f!r}; {REMEDY}")


def save(obj: Any, f: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Refuse to write such a file. Raises ArgumentError.

    >>> save({}, "net.pt")
    Traceback (most recent call last):
    ...
    autocnn.errors.ArgumentError: save: f is 'net.pt'; pickles are neither written nor read here. ...
    """
    raise ArgumentError(
        f"save: f is {f!r}; pickles are neither written nor read here. "
        "Use autocnn.train.save_weights(model, path), which writes safetensors"
    )


def load_state_dict_from_url(url: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Refuse to download such a file. Raises ArgumentError.

    >>> load_state_dict_from_url("net.pth")
    Traceback (most recent call last):
    ...
    autocnn.errors.ArgumentError: load_state_dict_from_url: url is 'net.pth'; such files are pickles, ...
    """
    raise ArgumentError(f"load_state_dict_from_url: url is {url!r}; {REMEDY}")


load_url = load_state_dict_from_url


def download_url_to_file(url: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Refuse to download a file. Raises ArgumentError.

    >>> download_url_to_file("net.pth", "net.pth")
    Traceback (most recent call last):
    ...
    autocnn.errors.ArgumentError: download_url_to_file: url is 'net.pth'; such files are pickles, ...
    """
    raise ArgumentError(f"download_url_to_file: url is {url!r}; {REMEDY}")


def get_dir() -> str:
    """Where PyTorch keeps what it downloads.

    >>> get_dir().endswith("hub")
    True
    """
    return os.path.join(_get_torch_home(), "hub")


def _get_torch_home() -> str:
    cache = os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
"""How PyTorch's file names end: the beginning of the file's hash."""

__all__ = [
    "HASH_REGEX", "download_url_to_file", "get_dir", "load", "load_state_dict_from_url", "load_url", "save",
    "urlparse",
]  # fmt: skip
