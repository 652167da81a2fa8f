"""`Image`: a picture from an array, a tensor, a Pillow image, a figure or a file."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from runwake.errors import UsageError

_FORMATS: Final = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "bmp": "BMP", "gif": "GIF"}
_MEDIA_TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "bmp": "image/bmp",
    "gif": "image/gif",
}
_PNG_LEVEL: Final = 3
"""zlib level: a third of the time of the default for a few per cent of size."""


class Image:
    """A picture to log. It is encoded at once: the array may change afterwards.

    Args:
        data_or_path: numpy array of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); torch tensor
            of shape (C, H, W) or (H, W); Pillow image; matplotlib figure; path of a png, jpg, bmp
            or gif file. uint8 is taken as it is. Floats within [0, 1] are multiplied by 255,
            those within [-1, 1] are mapped to it, all others are clipped to [0, 255].
        mode: Pillow mode to convert to, e.g. "L" or "RGB".
        caption: text below the picture.
        grouping: accepted for compatibility; has no effect.
        classes: accepted for compatibility; has no effect.
        boxes: accepted for compatibility; not drawn yet.
        masks: accepted for compatibility; not drawn yet.
        file_type: format of the encoded file: png (default), jpg, bmp or gif.
        normalize: False: floats are only clipped to [0, 255].

    Raises:
        UsageError: the data is no picture, or Pillow is needed and missing.
    """

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Any = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,
        normalize: bool = True,
    ) -> None:
        if file_type is not None and file_type not in _FORMATS:
            raise UsageError(f"file_type={file_type!r}: expected one of {', '.join(_FORMATS)}")
        self.caption = None if caption is None else str(caption)
        self.format = file_type or "png"
        self.data = b""
        self.width: int | None = None
        self.height: int | None = None
        if isinstance(data_or_path, Image):
            self._copy(data_or_path)
        elif isinstance(data_or_path, (str, Path)):
            self._read(Path(data_or_path))
        else:
            self._encode(_to_pillow(data_or_path, normalize), mode)
        self.digest = _digest(self.data)

    @property
    def media_type(self) -> str:
        """MIME type of the encoded file."""
        return _MEDIA_TYPES[self.format]

    def __repr__(self) -> str:
        return f"Image({self.width}x{self.height} {self.format}, caption={self.caption!r})"

    def _copy(self, other: Image) -> None:
        self.data, self.format = other.data, other.format
        self.width, self.height = other.width, other.height
        self.caption = self.caption if self.caption is not None else other.caption

    def _read(self, path: Path) -> None:
        suffix = path.suffix.lower().lstrip(".")
        if suffix not in _FORMATS:
            raise UsageError(
                f"Image({str(path)!r}): expected a file that ends in one of {', '.join(_FORMATS)}"
            )
        try:
            self.data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"Image({str(path)!r}) cannot be read: {error.strerror}") from None
        self.format = suffix
        pillow = _pillow()
        try:
            with pillow.open(io.BytesIO(self.data)) as picture:
                self.width, self.height = picture.size
        except OSError:
            raise UsageError(f"Image({str(path)!r}) holds no picture that can be read") from None

    def _encode(self, picture: Any, mode: str | None) -> None:
        if mode is not None:
            picture = picture.convert(mode)
        elif self.format in ("jpg", "jpeg") and picture.mode not in ("L", "RGB", "CMYK"):
            picture = picture.convert("RGB")
        buffer = io.BytesIO()
        options = {"compress_level": _PNG_LEVEL} if self.format == "png" else {}
        picture.save(buffer, format=_FORMATS[self.format], **options)
        self.data = buffer.getvalue()
        self.width, self.height = picture.size


def as_image(value: Any) -> Image | None:
    """Return an image for a value that is one: ours, a Pillow image or a matplotlib figure."""
    if isinstance(value, Image):
        return value
    module = type(value).__module__
    if module.startswith("PIL.") and hasattr(value, "save"):
        return Image(value)
    if hasattr(value, "savefig"):
        figure = value.gcf() if isinstance(value, ModuleType) else value  # pyplot itself
        return Image(figure)
    return None


def _digest(data: bytes) -> str:
    from hashlib import sha256  # loads OpenSSL: not before the first image

    return sha256(data).hexdigest()


def _pillow() -> Any:
    try:
        from PIL import Image as pillow  # noqa: N813
    except ImportError:
        raise UsageError('images need Pillow: `pip install "runwake[media]"`') from None
    return pillow


def _to_pillow(data: Any, normalize: bool) -> Any:
    pillow = _pillow()
    if isinstance(data, pillow.Image):
        return data
    if hasattr(data, "savefig"):
        buffer = io.BytesIO()
        data.savefig(buffer, format="png", bbox_inches="tight")
        buffer.seek(0)
        return pillow.open(buffer)
    return pillow.fromarray(_to_pixels(data, normalize))


def _to_pixels(data: Any, normalize: bool) -> Any:
    """Return the array as (H, W), (H, W, 3) or (H, W, 4) uint8."""
    if not hasattr(data, "shape") or not hasattr(data, "dtype"):
        raise UsageError(
            f"Image cannot be made from a value of type {type(data).__name__}: give an array, a "
            "tensor, a Pillow image, a figure or a path"
        )
    import numpy as np  # an array came in, so numpy or torch is loaded

    is_tensor = hasattr(data, "detach")
    if is_tensor:
        data = data.detach().cpu()
        data = data.float() if data.dtype.is_floating_point else data
    array = np.asarray(data)
    if is_tensor and array.ndim == 3 and (array.shape[0] in (1, 3, 4)):
        array = np.moveaxis(array, 0, -1)
    if array.ndim > 2:
        array = array.reshape([n for n in array.shape[:-3] if n != 1] + list(array.shape[-3:]))
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    elif array.ndim == 3 and array.shape[0] == 1 and array.shape[-1] not in (3, 4):
        array = array[0]
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (3, 4))):
        raise UsageError(
            f"Image: an array of shape {tuple(data.shape)} is no picture: expected (H, W), "
            "(H, W, 1), (H, W, 3) or (H, W, 4), or a tensor (C, H, W)"
        )
    return np.ascontiguousarray(_to_bytes(array, normalize))


def _to_bytes(array: Any, normalize: bool) -> Any:
    np = sys.modules["numpy"]
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "f":
        array = np.nan_to_num(array.astype(np.float64), nan=0.0, posinf=255.0, neginf=0.0)
        low, high = array.min(), array.max()
        if normalize and low >= 0 and high <= 1:
            array = array * 255
        elif normalize and low >= -1 and high <= 1:
            array = (array + 1) * 127.5
        return np.clip(np.rint(array), 0, 255).astype(np.uint8)
    if array.dtype.kind not in "iu":
        raise UsageError(f"Image: elements of type {array.dtype} are no pixels")
    return np.clip(array, 0, 255).astype(np.uint8)
