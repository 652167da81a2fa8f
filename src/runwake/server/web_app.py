"""The built web app: hashed assets for good, `index.html` for every other path.

The app routes by itself, so any address that is no file is the app. Its pages may load nothing
from elsewhere and be framed by nobody.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.convertors import StringConvertor, register_url_convertor

from runwake.server.access.policy import Policy, policy

STATIC: Final = Path(__file__).parent / "static"

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; connect-src 'self'; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_NO_CACHE: Final = "no-cache"
_MISSING: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Runwake</title>
<body style="font: 16px/1.5 system-ui; max-width: 40em; margin: 4em auto; padding: 0 1em">
<h1>The web app is not built</h1>
<p>The server works, but its pages are missing. In a checkout of Runwake, this builds them:</p>
<pre>make setup</pre>
<p>Then load this page again; the server need not be restarted.</p>
</body></html>
"""

# What a browser must get whatever the machine's own table of types says.
for _suffix, _type in ((".js", "text/javascript"), (".css", "text/css"), (".svg", "image/svg+xml")):
    mimetypes.add_type(_type, _suffix)


class _PagePath(StringConvertor):
    """All paths but those of the API, which answers in JSON even where there is nothing."""

    regex = "(?!api(/|$)).*"


register_url_convertor("page", _PagePath())

router = APIRouter(include_in_schema=False)


@router.api_route("/{path:page}", methods=["GET", "HEAD"])
@policy(Policy.PUBLIC)
def get_page(path: str, request: Request) -> Response:
    """A file of the web app, or the app itself."""
    static: Path = request.app.state.static
    file = find_asset(static, path)
    if file is not None:
        is_hashed = "assets" in file.relative_to(static).parts[:-1]
        headers = _HEADERS | {"Cache-Control": _IMMUTABLE if is_hashed else _NO_CACHE}
        return FileResponse(file, headers=headers)
    index = static / "index.html"
    headers = _HEADERS | {"Cache-Control": _NO_CACHE}
    if not index.is_file():
        return HTMLResponse(_MISSING, 503, headers)
    return FileResponse(index, headers=headers)


def find_asset(static: Path, path: str) -> Path | None:
    """Return the file that a path names, None unless it lies inside `static` without detours."""
    parts = PurePosixPath(path).parts
    if not parts or any(part in ("..", "/") or "\\" in part or "\0" in part for part in parts):
        return None
    if parts == ("index.html",):
        return None
    file = static.joinpath(*parts)
    try:
        is_inside = file.is_file() and file.resolve().is_relative_to(static.resolve())
    except OSError:  # a name longer than the file system takes, as pages may have
        return None
    return file if is_inside else None
