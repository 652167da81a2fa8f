"""Write docs/reference from the code: command line, settings, SDK and HTTP API.

`--check` writes nothing and fails if a page is not what the code says. Whatever exists is in the
pages, because nobody has to think of writing it there; a page without a word on it cannot be.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

import runwake
from runwake.cli import cli
from runwake.model.system_metrics import PREFIX, SYSTEM_METRICS
from runwake.settings.client import CLIENT_SETTINGS
from runwake.settings.server import SERVER_SETTINGS
from runwake.settings.table import Setting

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
OPENAPI = ROOT / "schemas" / "openapi.json"
API_NOTES = Path(__file__).with_name("api_notes.md")
"""What the OpenAPI document cannot say."""
GENERATED = "<!-- Written by `make docs` from the code. Change the code, not this page. -->"


def cli_page() -> str:
    """Describe every command and option."""
    lines = [GENERATED, "# Command line", "", _paragraph(cli.help or "")]
    for name, command in sorted(commands(cli, "runwake")):
        lines += ["", f"## `{name}`", "", _paragraph(command.help or "")]
        arguments = [p for p in command.params if isinstance(p, click.Argument)]
        usage = " ".join([name, "[OPTIONS]", *(_metavar(argument) for argument in arguments)])
        lines += ["", f"    {usage}", "", "| option | meaning |", "|---|---|"]
        context = click.Context(command, info_name=name)
        for option in command.params:
            record = option.get_help_record(context)
            if record is not None:
                lines.append(f"| `{_cell(record[0])}` | {_cell(record[1])} |")
        lines.append("| `--help` | Show the command's help. |")
    return "\n".join(lines) + "\n"


def commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every visible command with its whole name, groups that are commands too included."""
    context = click.Context(group, info_name=prefix)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield f"{prefix} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")


def _metavar(argument: click.Argument) -> str:
    name = (argument.metavar or argument.name or "").upper()
    shown = f"{name}..." if argument.nargs == -1 and not name.endswith("...") else name
    return shown if argument.required or shown.startswith("[") else f"[{shown}]"


def settings_page() -> str:
    """Describe every setting of both sides."""
    lines = [
        GENERATED,
        "# Settings",
        "",
        "The strongest source wins: an argument or option, then the environment variable that is "
        "named first, then the default. A value in the environment that cannot be used is "
        "reported and ignored.",
    ]
    for title, intro, table in (
        ("Client", "For `runwake.init(settings={…})` and the environment.", CLIENT_SETTINGS),
        ("Server", "For `runwake server` and the environment.", SERVER_SETTINGS),
    ):
        lines += ["", f"## {title}", "", intro, ""]
        lines += ["| setting | default | environment | meaning |", "|---|---|---|---|"]
        lines += [_setting_row(setting) for setting in table]
    return "\n".join(lines) + "\n"


def _setting_row(setting: Setting) -> str:
    default = "" if setting.default is None else f"`{_portable(setting.default)}`"
    variables = ", ".join(f"`{name}`" for name in setting.env)
    return f"| `{setting.name}` | {default} | {variables} | {_cell(setting.help)} |"


def _portable(value: object) -> str:
    """Return a default without this machine's home directory, sizes in MiB."""
    if isinstance(value, int) and value and value % 2**20 == 0:
        return f"{value // 2**20}"
    return str(value).replace(str(Path.home()), "~")


def system_metrics_page() -> str:
    """Describe every key that senders measure."""
    lines = [
        GENERATED,
        "# System metrics",
        "",
        "While an online run goes on, its sender samples the machine: the first time after about a "
        "second, then every `system_interval` seconds (`RUNWAKE_SYSTEM_INTERVAL`; 0 turns it off). "
        "The training process itself does nothing for it. Offline runs have no sender and hence no "
        "system metrics. A machine without an NVIDIA GPU, its driver or the package "
        '`nvidia-ml-py` (`pip install "runwake[gpu]"`) has no GPU values, and no message about '
        "it.",
        "",
        "The values are kept beside the history of the run, not in it: they have no part in its "
        "steps, rows, keys or summary. The API gives them where `source` is `system`. In a "
        "container the values are those of the whole machine, except for the training process. "
        "`#` stands for the number of a GPU. If senders of several machines write into one run, "
        "the keys of all but the first end in `@` and the machine's name. The step of a row is its "
        "Unix time in milliseconds.",
        "",
        "| key | unit | section | what |",
        "|---|---|---|---|",
    ]
    for metric in SYSTEM_METRICS:
        about = _cell(f"{metric.title}. {metric.about}")
        lines.append(f"| `{PREFIX}{metric.name}` | {metric.unit} | {metric.section} | {about} |")
    return "\n".join(lines) + "\n"


def sdk_page() -> str:
    """Describe every public name of the package."""
    lines = [GENERATED, "# Python SDK", "", _plain_docstring(runwake)]
    for name in sorted(runwake.__all__, key=str.lower):
        lines += _sdk_entry(name, getattr(runwake, name))
    return "\n".join(lines) + "\n"


def _sdk_entry(name: str, value: object) -> Iterator[str]:
    yield from ("", f"## `{name}`", "")
    if inspect.isclass(value):
        yield _plain_docstring(value)
        for member_name, member in sorted(_members(value).items()):
            yield from ("", f"### `{name}.{member_name}`", "")
            if inspect.isfunction(member):
                yield from ("```python", f"{member_name}{_signature(member)}", "```", "")
            yield _plain_docstring(member)
    elif inspect.isfunction(value):
        yield from ("```python", f"{name}{_signature(value)}", "```", "")
        yield _plain_docstring(value)
    elif isinstance(value, str):
        yield "A string."
    else:
        yield inspect.cleandoc(type(value).__doc__ or "")


def _members(value: type) -> dict[str, Any]:
    """Return the public methods and properties of a class and our bases of it, absent ones not."""
    parts = [part for part in reversed(value.__mro__) if part.__module__.startswith("runwake.")]
    return {
        name: member
        for part in parts
        for name, member in vars(part).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, property))
        and not (member.__doc__ or "").startswith("Not there yet")
    }


class _Bare(str):
    """An annotation that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _signature(function: Callable[..., object]) -> str:
    """Return a signature as it is written in the source."""
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=_Bare(parameter.annotation))
        if isinstance(parameter.annotation, str)
        else parameter
        for parameter in signature.parameters.values()
    ]
    returned = signature.return_annotation
    return str(
        signature.replace(
            parameters=parameters,
            return_annotation=_Bare(returned) if isinstance(returned, str) else returned,
        )
    )


def _plain_docstring(value: object) -> str:
    """Return a docstring with its sections (Args, Raises …) as Markdown lists."""
    lines = []
    in_section = False
    for line in inspect.cleandoc(getattr(value, "__doc__", None) or "").splitlines():
        stripped = line.strip()
        if not line.startswith(" ") and stripped in ("Args:", "Returns:", "Raises:", "Attributes:"):
            in_section = True
            lines += [f"*{stripped}*", ""]
        elif in_section and line.startswith("    ") and not line.startswith("     "):
            lines.append(f"- {stripped}")
        elif in_section and stripped and line.startswith("     "):
            lines.append(f"  {stripped}")
        elif stripped != "::":  # what follows is indented, which is code in Markdown as well
            in_section = in_section and not stripped
            lines.append(line)
    return "\n".join(lines)


def api_page(document: dict[str, Any]) -> str:
    """Describe every route and body of the published OpenAPI document."""
    lines = [
        GENERATED,
        "# HTTP API",
        "",
        "The server publishes this as OpenAPI at `/api/v1/openapi.json`; the committed copy is "
        "[schemas/openapi.json](../../schemas/openapi.json). Errors have one shape, "
        "[`ErrorAnswer`](#erroranswer), which every route may answer with a status of 400 and "
        "above. All times are Unix times in seconds.",
    ]
    lines += ["", API_NOTES.read_text(encoding="utf-8").rstrip()]
    for path, operations in sorted(document["paths"].items()):
        for method, operation in operations.items():
            lines += _operation(method.upper(), path, operation)
    lines += ["", "# Bodies"]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += ["", f"## {name}", "", _paragraph(schema.get("description", ""))]
        if schema.get("properties"):
            required = set(schema.get("required", ()))
            lines += ["", "| field | type | meaning |", "|---|---|---|"]
            lines += [
                f"| `{field}`{'' if field in required else ' (optional)'} | {_type(body)} "
                f"| {_cell(body.get('description', ''))} |"
                for field, body in schema["properties"].items()
            ]
    return "\n".join(lines) + "\n"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"## `{method} {path}`", "")
    yield _paragraph(operation.get("description") or operation.get("summary", ""))
    if operation.get("parameters"):
        yield from ("", "| parameter | in | type | meaning |", "|---|---|---|---|")
        for parameter in operation["parameters"]:
            meaning = parameter.get("description") or parameter["schema"].get("description", "")
            yield (
                f"| `{parameter['name']}` | {parameter['in']} | {_type(parameter['schema'])} "
                f"| {_cell(meaning)} |"
            )
    body = operation.get("requestBody")
    if body:
        yield from ("", f"Body: {_contents(body)}")
    yield ""
    for status, answer in sorted(operation["responses"].items()):
        if status in ("4XX", "5XX"):  # the same for all
            continue
        contents = _contents(answer)
        yield f"- {status}: {_cell(answer.get('description', ''))}{contents and f' {contents}'}"


def _contents(holder: dict[str, Any]) -> str:
    return ", ".join(
        f"`{media_type}` {_type(content.get('schema', {}))}".rstrip()
        for media_type, content in holder.get("content", {}).items()
    )


def _type(schema: dict[str, Any]) -> str:
    """Return a JSON schema's type in a few words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return " or ".join(_type(part) for part in schema[word])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema["const"]]
        return " or ".join(f"`{value}`" for value in values)
    kind = str(schema.get("type", "any"))
    return f"list of {_type(schema.get('items', {}))}" if kind == "array" else kind


def _paragraph(text: str) -> str:
    """Return help text with its lines joined, paragraphs kept."""
    paragraphs = inspect.cleandoc(text).replace("\b", "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _cell(text: str) -> str:
    return " ".join(_portable(text).split()).replace("|", "\\|")


def pages() -> dict[Path, str]:
    """Return every page by its path, as it must be."""
    return {
        REFERENCE / "cli.md": cli_page(),
        REFERENCE / "settings.md": settings_page(),
        REFERENCE / "sdk.md": sdk_page(),
        REFERENCE / "system-metrics.md": system_metrics_page(),
        REFERENCE / "api.md": api_page(json.loads(OPENAPI.read_text(encoding="utf-8"))),
    }


def stale(expected: dict[Path, str]) -> Iterable[Path]:
    """Yield the pages that are not as they must be."""
    for path, text in expected.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield path


def main() -> int:
    """Write the pages, or check them; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    options = parser.parse_args()
    expected = pages()
    changed = list(stale(expected))
    if options.check:
        for path in changed:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs`", file=sys.stderr)
        return 1 if changed else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for path in changed:
        path.write_text(expected[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
