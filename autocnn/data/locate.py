"""Where the files of a data set lie under a folder."""

from __future__ import annotations

from pathlib import Path

from autocnn.data.catalogue import SOURCES, Source
from autocnn.data.packed import SUFFIXES
from autocnn.errors import DataNotFoundError


def locate(source: Source, names: tuple[str, ...], folder: Path, remedy: str) -> list[Path]:
    """One path for each name, all from one folder: `folder` itself or one of the set's own names below it.

    Each file may be plain, .gz or .xz, and be spelled with ``-idx`` or ``.idx``; of a name ``"a|b"``, a comes
    before b.

    Raises DataNotFoundError that lists what was looked for.
    """
    for place in _places(source, folder):
        found = [_first(place, name) for name in names]
        if all(found):
            return [path for path in found if path]
    if not folder.is_dir():
        fault = f"{folder} is no folder" if folder.exists() else f"the folder {folder} is not there"
        raise DataNotFoundError(f"load: {source.name} was not found; {fault}. {remedy}")
    looked = ", ".join(name.replace("|", " or ") for name in names)
    places = ", ".join(str(place) for place in _places(source, folder))
    raise DataNotFoundError(
        f"load: {source.name} was not found; looked for {looked} (plain, .gz or .xz) in {places}. {remedy}"
    )


def _places(source: Source, folder: Path) -> list[Path]:
    """The folders to look into. One that bears another set's name is not this set's: MNIST and Fashion-MNIST
    have files of the same names."""
    others = {name.lower() for other in SOURCES if other is not source for name in other.folders}
    below = [folder / name for name in source.folders]
    return below if folder.resolve().name.lower() in others else [*below, folder]


def _first(place: Path, names: str) -> Path | None:
    for name in names.split("|"):
        for spelling in dict.fromkeys((name, name.replace("-idx", ".idx"))):
            for suffix in SUFFIXES:
                if (path := place / (spelling + suffix)).is_file():
                    return path
    return None
