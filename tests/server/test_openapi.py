from __future__ import annotations

import json
from pathlib import Path

from runwake.server.openapi import openapi_text
from runwake.testing.in_process import Api

COMMITTED = Path(__file__).parents[2] / "schemas" / "openapi.json"
REMEDY = "run `python -m runwake.server.openapi > schemas/openapi.json`"


def test_the_committed_document_is_current() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == openapi_text(), REMEDY


def test_every_answer_in_json_has_a_model() -> None:
    document = json.loads(openapi_text())
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation["responses"].get("200", {}).get("content", {})
            schema = content.get("application/json", {"schema": {"$ref": ""}})["schema"]
            assert "$ref" in schema, f"{method} {path} answers without a model"
            assert operation["description"], f"{method} {path} is not described"


def test_a_running_server_publishes_it(api: Api) -> None:
    assert api.get("/api/v1/openapi.json")["paths"] == json.loads(openapi_text())["paths"]
