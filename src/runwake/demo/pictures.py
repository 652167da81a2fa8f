"""The demo's pictures: a confusion matrix and magnified digits. Pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

_INK = (30, 41, 59)
_FAINT = (148, 163, 184)
_PAPER = np.array((255, 255, 255), np.float64)
_RIGHT = np.array((37, 99, 235), np.float64)  # the diagonal
_WRONG = np.array((220, 38, 38), np.float64)  # everything off it
_CELL = 40
_MARGIN = 16


def confusion_matrix(counts: npt.NDArray[np.int64], labels: Sequence[str]) -> Image.Image:
    """Draw a confusion matrix: rows are true classes, columns predicted ones.

    Colour says which share of the true class a cell holds, blue where the prediction is right and
    red where it is wrong; the number is the count.

    Args:
        counts: (n, n) counts.
        labels: n class names.
    """
    cell = max(_CELL, 12 + max(_text_width(label, 14) for label in labels))
    left = _MARGIN + 26 + max(_text_width(label, 14) for label in labels)
    top = _MARGIN + 44
    size = cell * len(labels)
    image = Image.new("RGB", (left + size + _MARGIN, top + size + _MARGIN), "white")
    heat = np.kron(_heat(counts), np.ones((cell, cell, 1))).astype(np.uint8)
    image.paste(Image.fromarray(heat), (left, top))
    draw = ImageDraw.Draw(image)
    draw.text((left + size / 2, _MARGIN), "predicted", _FAINT, _font(14), anchor="mt")
    _draw_sideways(image, "true", (_MARGIN, top + size // 2))
    for index, label in enumerate(labels):
        middle = index * cell + cell / 2
        draw.text((left + middle, top - 8), label, _INK, _font(14), anchor="mb")
        draw.text((left - 8, top + middle), label, _INK, _font(14), anchor="rm")
    for (row, column), count in np.ndenumerate(counts):
        if not count:
            continue
        centre = (left + column * cell + cell / 2, top + row * cell + cell / 2)
        is_dark = count > 0.5 * max(1, counts[row].sum())
        draw.text(centre, str(count), "white" if is_dark else _INK, _font(14), anchor="mm")
    for index in range(len(labels) + 1):
        line = index * cell
        draw.line((left, top + line, left + size, top + line), (226, 232, 240))
        draw.line((left + line, top, left + line, top + size), (226, 232, 240))
    return image


def magnified_digit(pixels: npt.NDArray[np.float64], scale: int = 12) -> npt.NDArray[np.uint8]:
    """Return an 8 x 8 digit with values 0 to 16 as dark-on-light grey, `scale` times larger."""
    grey = 255 - np.clip(pixels.reshape(8, 8) / 16 * 255, 0, 255)
    return np.kron(grey, np.ones((scale, scale))).astype(np.uint8)


def _heat(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the (n, n, 3) colours of the cells."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)[..., None]
    # A few mistakes among many examples must still be seen: the square root lifts small shares.
    depth = np.where(right[..., 0], share, np.sqrt(share))[..., None]
    return np.asarray(_PAPER + depth * (np.where(right, _RIGHT, _WRONG) - _PAPER))


def _draw_sideways(image: Image.Image, text: str, middle_left: tuple[int, int]) -> None:
    width = _text_width(text, 14)
    strip = Image.new("RGB", (width, 18), "white")
    ImageDraw.Draw(strip).text((0, 0), text, _FAINT, _font(14))
    image.paste(strip.rotate(90, expand=True), (middle_left[0] - 4, middle_left[1] - width // 2))


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _text_width(text: str, size: int) -> int:
    return int(_font(size).getlength(text)) + 1
