"""From media objects to files in the run's folder and the references that rows carry."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from runwake.model.keys import KeyPath, flat_name
from runwake.runlog.run_dir import RunDir
from runwake.sdk.media.image import Image, as_image
from runwake.wire.records import File
from runwake.wire.rows import Step

MAX_IMAGES: Final = 108
"""A list keeps so many images; the rest is left out with a warning."""


class MediaStore:
    """Writes the blobs of one run and announces them before the row that names them.

    Args:
        run_dir: the run's folder; None keeps nothing (a disabled run).
        emit: appends the record of a file.
        warn: told once per kind of what is left out.
    """

    def __init__(
        self,
        run_dir: RunDir | None,
        emit: Callable[[File], None],
        warn: Callable[[str, str], None],
    ) -> None:
        self._run_dir = run_dir
        self._emit = emit
        self._warn = warn

    def reference(self, path: KeyPath, value: Any, step: Step) -> Any:
        """Return what the row carries for a media value, None if the value is no media.

        Raises:
            OSError: the file cannot be written.
        """
        if isinstance(value, (list, tuple)):
            return self._list_reference(path, value, step)
        image = as_image(value)
        return None if image is None else self._image_reference(path, image, step)

    def _list_reference(self, path: KeyPath, values: Any, step: Step) -> Any:
        if not values or as_image(values[0]) is None:
            return None
        images = [as_image(value) for value in values[:MAX_IMAGES]]
        if len(values) > MAX_IMAGES:
            self._warn(
                "many-images", f"a list of images keeps the first {MAX_IMAGES}; {len(values)} given"
            )
        items = [self._image_reference(path, image, step) for image in images if image is not None]
        return {"_type": "images", "items": items}

    def _image_reference(self, path: KeyPath, image: Image, step: Step) -> dict[str, Any]:
        name = f"media/images/{_file_stem(path)}_{step}_{image.digest[:20]}.{image.format}"
        if self._run_dir is not None:
            write_blob(self._run_dir.blobs, image.digest, image.data)
            self._emit(
                File(
                    path=name,
                    digest=image.digest,
                    size=len(image.data),
                    media_type=image.media_type,
                    role="media",
                )
            )
        return {
            "_type": "image-file",
            "digest": image.digest,
            "size": len(image.data),
            "path": name,
            "format": image.format,
            "width": image.width,
            "height": image.height,
            "caption": image.caption,
        }


def write_blob(folder: Path, digest: str, data: bytes) -> None:
    """Write a blob under its digest, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    target = folder / digest
    if target.exists():
        return
    temporary = folder / f"{digest}.{os.getpid()}.part"
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _file_stem(path: KeyPath) -> str:
    """Return the key as a name within the run: slashes make folders, none leads upwards."""
    segments = flat_name(path).replace("\\", "/").split("/")
    return "/".join("__" if segment in ("", ".", "..") else segment for segment in segments)
