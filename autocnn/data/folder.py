"""A folder of images, one folder for each class, read through Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from autocnn.data.dataset import ArrayDataset
from autocnn.data.packed import FilePath
from autocnn.errors import ArgumentError, DataError, DataNotFoundError

if TYPE_CHECKING:
    from PIL import Image

_ENDINGS = frozenset((".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"))
_HALF = (0.5,)


def read_folder(
    path: FilePath, *, size: int | tuple[int, int] | None = None, mode: str | None = None
) -> ArrayDataset:
    """Every image below ``path/<class>/``, the classes and the files of a class in the order of their names.

    -> images (N, 3, H, W) of uint8, or (N, 1, H, W) if all are grey; `mode` "RGB" or "L" settles it. With
    `size` (one number, or height and width) images are resampled, without it all must have one size. The mean
    and std are 1/2: Normalize maps pixels to -1..1.

    Raises DataNotFoundError if there is no image, or no Pillow; DataError if one is damaged or has
    another size.
    """
    if mode not in (None, "L", "RGB"):
        raise ArgumentError(f"read_folder: mode is {mode!r}; it is 'L' (grey), 'RGB', or None to see")
    folder = Path(path)
    classes = class_names(folder)
    files = [(file, label) for label, name in enumerate(classes) for file in _images_below(folder / name)]
    if not files:
        raise DataNotFoundError(
            f"read_folder: {folder} has no images; they are looked for in {folder}/<class>/, with the "
            f"endings {' '.join(sorted(_ENDINGS))}. Make one folder for each class"
        )
    pictures = [_open(file, size) for file, _ in files]
    if mode is None:
        mode = "L" if all(picture.mode in ("1", "L") for picture in pictures) else "RGB"
    first = pictures[0].size
    for (file, _), picture in zip(files, pictures, strict=True):
        if picture.size != first:
            raise DataError(
                f"read_folder: {file} is {_by(picture.size)}, {files[0][0].name} is {_by(first)}; "
                "all images must have one size. Give size=(height, width)"
            )
    images = np.stack([_pixels(picture, mode) for picture in pictures])
    labels = np.array([label for _, label in files], np.int64)
    channels = images.shape[1]
    return ArrayDataset(
        images, labels, classes, folder.resolve().name, mean=_HALF * channels, std=_HALF * channels
    )


def class_names(folder: Path) -> tuple[str, ...]:
    """The names of the folders in a folder, in order; those that begin with a dot are left out."""
    if not folder.is_dir():
        raise DataNotFoundError(f"read_folder: the folder {folder} is not there. Check the name")
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != "."))


def _images_below(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in _ENDINGS and file.is_file())


def _open(file: Path, size: int | tuple[int, int] | None) -> Image.Image:
    """One picture, decoded, upright, resampled to height x width if asked."""
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise DataNotFoundError(
            "read_folder: images are read through Pillow, which is not installed. pip install 'autocnn[examples]'"
        ) from error
    try:
        with Image.open(file) as opened:
            picture = ImageOps.exif_transpose(opened)
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            f"read_folder: {file} is no image that Pillow can read ({error}). Mend or remove it"
        ) from error
    if size is None:
        return picture
    height, width = (size, size) if isinstance(size, int) else size
    if picture.mode not in ("L", "RGB"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")  # a palette cannot be interpolated
    return picture.resize((width, height), Image.Resampling.BILINEAR)


def _pixels(picture: Image.Image, mode: str) -> npt.NDArray[Any]:
    values = np.asarray(picture.convert(mode))
    return values[None] if mode == "L" else np.moveaxis(values, 2, 0)


def _by(size: tuple[int, int]) -> str:
    width, height = size
    return f"{height}x{width}"
