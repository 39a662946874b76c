"""Data sets by name."""

from __future__ import annotations

import dataclasses
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.data.catalogue import Source, source
from autocnn.data.chance import held_out
from autocnn.data.cifar import read_cifar10, read_cifar100
from autocnn.data.dataset import ArrayDataset
from autocnn.data.download import Progress, cache_folder, fetch, is_intact
from autocnn.data.folder import class_names, read_folder
from autocnn.data.idx import read_idx
from autocnn.data.locate import locate
from autocnn.data.packed import FilePath
from autocnn.errors import DataError, DataNotFoundError, UsageError

_FIFTH, _TENTH = 5, 10


def load(
    name: str,
    data_dir: FilePath | None = None,
    split: str = "train",
    *,
    download: bool = False,
    progress: Progress | None = None,
) -> ArrayDataset:
    """A data set by name: digits, optdigits, mnist, fashion-mnist, cifar10, cifar100, or folder.

    -> images (N, C, H, W) of uint8, labels (N,) of int64

    The files lie in `data_dir` or in a folder with the set's name below it, plain, .gz or .xz; without
    `data_dir` they are looked for in the cache folder (AUTOCNN_DATA, else the user's). With `download`, what
    is not there is fetched into it first. "digits" are scikit-learn's and need no files.

    `split` is "train" or "test". digits: a fixed fifth of every class is held out as "test". cifar10 and
    cifar100: 45,000 images are "train", a fixed tenth of every class is "val", "train+val" is all 50,000 (the
    split of K. He et al., "Deep Residual Learning for Image Recognition", 2016, section 4.2). folder: the
    folders train, val and test in it if there are any, else a fixed fifth of every class is "test".

    Raises UsageError for an unknown name or split, DataNotFoundError if files are missing, DataError if they
    are damaged or are another data set's.
    """
    found = source(name)
    if split not in found.splits:
        raise UsageError(f"load: split is {split!r}; {found.name} has {', '.join(found.splits)}")
    if found.kind == "scikit-learn":
        return _digits(found, split)
    if found.kind == "folder":
        return _folder(data_dir, split)
    folder = cache_folder(data_dir)
    if download:
        _bring(found, folder, progress)
    remedy = _remedy(found, data_dir)
    read = _idx if found.kind == "idx" else _cifar
    return read(found, folder, split, remedy)


def _dataset(found: Source, split: str, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> ArrayDataset:
    return ArrayDataset(images, labels, found.classes, found.name, split, found.scale, found.mean, found.std)


def _digits(found: Source, split: str) -> ArrayDataset:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise DataNotFoundError(
            "load: digits are scikit-learn's, which is not installed. pip install 'autocnn[examples]'"
        ) from error
    bunch = load_digits()
    labels = bunch.target.astype(np.int64)
    chosen = held_out(labels, _FIFTH, purpose=1) == (split == "test")
    return _dataset(found, split, bunch.images[chosen, None].astype(np.uint8), labels[chosen])


def _idx(found: Source, folder: Path, split: str, remedy: str) -> ArrayDataset:
    paths = locate(found, found.train if split == "train" else found.test, folder, remedy)
    images, labels = (read_idx(path) for path in paths)
    if images.dtype != np.uint8 or images.shape[1:] != found.shape[1:]:
        raise DataError(
            f"load: {paths[0]} holds {images.shape} of {images.dtype.name}, {found.name} is "
            f"(N, {found.shape[1]}, {found.shape[2]}) of uint8. Check that it is the right file"
        )
    if labels.shape != images.shape[:1]:
        raise DataError(
            f"load: {paths[1]} holds labels {labels.shape}, {paths[0].name} holds images {images.shape}; "
            "they do not belong together. Download both again"
        )
    return _dataset(found, split, images[:, None], labels)


def _cifar(found: Source, folder: Path, split: str, remedy: str) -> ArrayDataset:
    paths = locate(found, found.test if split == "test" else found.train, folder, remedy)
    images, labels = read_cifar10(*paths) if found.kind == "cifar10" else read_cifar100(*paths)[:2]
    if split in ("train", "val"):
        chosen = held_out(labels, _TENTH, purpose=2) == (split == "val")
        images, labels = images[chosen], labels[chosen]
    return _dataset(found, split, images, labels)


def _folder(data_dir: FilePath | None, split: str) -> ArrayDataset:
    if data_dir is None:
        raise UsageError("load: data_dir is missing; folder reads data_dir/<class>/. Give data_dir")
    top = Path(data_dir)
    named = {name for name in ("train", "val", "test") if (top / name).is_dir()}
    if split in named and "train" in named:
        dataset = read_folder(top / split)
        expected = class_names(top / "train")
        if dataset.classes != expected:  # or the labels of two splits would mean different things
            raise DataError(
                f"load: {top / split} has the classes {', '.join(dataset.classes)}, "
                f"{top / 'train'} has {', '.join(expected)}; they must be the same"
            )
        return dataclasses.replace(dataset, name=top.resolve().name, split=split)
    if named or split == "val":
        raise DataNotFoundError(f"load: {top} has no folder {split!r}. Make {top / split}/<class>/")
    dataset = read_folder(top)
    chosen = held_out(dataset.labels, _FIFTH, purpose=3) == (split == "test")
    return dataset.subset(chosen, split)


def _remedy(found: Source, data_dir: FilePath | None) -> str:
    if data_dir is not None or not found.resources:
        return "Give the folder that has them as data_dir"
    return "Give the folder that has them as data_dir, or download=True to download them"


def _bring(found: Source, folder: Path, progress: Progress | None) -> None:
    """Fetch the published files, unless they are there already, and intact as far as can be told."""
    if not found.resources:
        raise UsageError(f"load: download is True; {found.name} cannot be downloaded. Give the folder that has it")
    checksums = {resource.name: resource.checksum for resource in found.resources}
    try:
        paths = locate(found, (*found.train, *found.test), folder, "")
    except DataNotFoundError:
        paths = []
    if paths and all(is_intact(path, checksums[path.name]) for path in paths if path.name in checksums):
        return
    place = folder / found.folders[0]
    for resource in found.resources:
        path = fetch(resource, place, progress=progress)
        if path.name.endswith(".tar.gz"):
            _unpack(path, place)
            path.unlink()


def _unpack(archive: Path, place: Path) -> None:
    """The plain files of an archive whose checksum was right, each written whole or not at all."""
    import tarfile

    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is None:
                    continue
                target = place / Path(member.name).name  # the name alone: nothing can land outside `place`
                part = target.with_name(f"{target.name}.part")
                part.write_bytes(content.read())
                os.replace(part, target)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(
            f"load: {archive} cannot be unpacked ({error}). Remove it and download it again"
        ) from error
