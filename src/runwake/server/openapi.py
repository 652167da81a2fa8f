"""Prints the OpenAPI document: `python -m runwake.server.openapi > schemas/openapi.json`."""

from __future__ import annotations

import json
import sys

from runwake.server.app import describe_app
from runwake.settings.server import server_settings


def openapi_text() -> str:
    """Return the document as it is committed."""
    settings, _ = server_settings({}, {})
    document = describe_app(settings).openapi()
    # The version changes with each commit of a checkout; the contract does not.
    document["info"]["version"] = "1"
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_text())
