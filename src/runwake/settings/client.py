"""Settings of the client: what `runwake.init` and the command line take from outside.

Every `RUNWAKE_<X>` falls back to `WANDB_<X>`, so that scripts and job templates written for
Weights & Biases keep working. The address and the key of a server are one exception: a key is
only ever sent to the server that it was set for, so the pair of one family is taken as a whole, and
a pair that names the Weights & Biases service itself is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from runwake.errors import ArgumentTypeError
from runwake.model.run import check_entity, check_project, check_run_id, check_tag
from runwake.settings.table import Resolved, Setting, boolean, one_of, resolve, seconds, text

DEFAULT_BASE_URL: Final = "http://127.0.0.1:8080"
_OTHER_SERVICE: Final = ("wandb.ai", "coreweave.com")
_WANDB_PAIR: Final = ("WANDB_BASE_URL", "WANDB_API_KEY")
_MODES: Final = {
    "online": "online",
    "offline": "offline",
    "disabled": "disabled",
    "dryrun": "offline",
    "run": "online",
    "shared": "online",
}
_CONSOLE_OFF: Final = frozenset({"off", "none"})
_CONSOLE_ON: Final = frozenset({"auto", "wrap", "wrap_raw", "wrap_emu", "redirect"})
_RESUME: Final = {
    "never": "never",
    "allow": "allow",
    "must": "must",
    "auto": "auto",
    "true": "auto",
    "false": "never",
}


def mode(value: Any) -> str:
    """Accept online, offline, disabled and the older words dryrun, run and shared."""
    try:
        return _MODES[value]
    except (KeyError, TypeError):
        raise ValueError("expected one of online, offline, disabled") from None


def resume(value: Any) -> str:
    """Accept never, allow, must, auto; True means auto, False and None mean never."""
    try:
        return _RESUME[str(value).lower() if isinstance(value, bool) else value]
    except (KeyError, TypeError):
        raise ValueError("expected one of never, allow, must, auto, True, False, None") from None


def base_url(value: Any) -> str:
    """Accept http and https addresses; a slash at the end is cut off."""
    address = value.strip().rstrip("/") if isinstance(value, str) else ""
    scheme, _, rest = address.partition("://")
    if scheme not in ("http", "https") or not rest:
        raise ValueError("expected an address such as http://127.0.0.1:8080")
    return address


def console(value: Any) -> bool:
    """Accept booleans and the words that other clients use for ways of capturing."""
    word = str(value).strip().lower()
    if word in _CONSOLE_OFF:
        return False
    return True if word in _CONSOLE_ON else boolean(value)


def tags(value: Any) -> list[str]:
    """Accept a list of tags, or one string with commas between them; each tag once."""
    if isinstance(value, str):
        value = [word.strip() for word in value.split(",") if word.strip()]
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise ArgumentTypeError(
            f"tags must be a list of strings, got {value!r} ({type(value).__name__})"
        )
    return list(dict.fromkeys(check_tag(tag) for tag in value))


def _plain_text(name: str) -> Callable[[Any], str]:
    """Return a parser of free text that may be empty."""

    def parse(value: Any) -> str:
        if not isinstance(value, str):
            raise ArgumentTypeError(
                f"{name} must be a string, got {value!r} ({type(value).__name__})"
            )
        return value

    return parse


def _setting(
    name: str,
    parse: Callable[[Any], Any],
    default: Any,
    *,
    suffix: str | None = None,
    metavar: str = "TEXT",
    about: str,
) -> Setting:
    suffix = suffix or name.upper()
    return Setting(name, parse, default, about, (f"RUNWAKE_{suffix}", f"WANDB_{suffix}"), metavar)


CLIENT_SETTINGS: Final = (
    _setting(
        "mode",
        mode,
        "online",
        metavar="MODE",
        about="online: ship while training; offline: keep on disk only; disabled: do nothing.",
    ),
    _setting(
        "base_url",
        base_url,
        DEFAULT_BASE_URL,
        metavar="URL",
        about="Address of the Runwake server.",
    ),
    _setting("api_key", text, None, metavar="KEY", about="Key for a server that asks for one."),
    _setting("entity", check_entity, None, about="Who owns the run: a user or a team."),
    _setting("project", check_project, None, about="Project that the run belongs to."),
    _setting("run_id", check_run_id, None, about="Id of the run; made up if none is given."),
    _setting(
        "name",
        _plain_text("name"),
        None,
        about="Display name; made up if none is given.",
    ),
    _setting("notes", _plain_text("notes"), None, about="Text about the run."),
    _setting("tags", tags, None, metavar="A,B", about="Labels of the run."),
    _setting("run_group", _plain_text("group"), None, about="Group of runs that belong together."),
    _setting("job_type", _plain_text("job_type"), None, about="Kind of run within its group."),
    _setting(
        "resume",
        resume,
        "never",
        metavar="WORD",
        about="never, allow, must or auto: whether an earlier run of this id is continued.",
    ),
    _setting(
        "dir",
        text,
        None,
        metavar="DIR",
        about="Where the folder with the logs of runs is made; by default here.",
    ),
    _setting(
        "folder",
        one_of("runwake", "wandb"),
        "runwake",
        metavar="NAME",
        about="Name of that folder: runwake, or wandb for libraries that look for runs there.",
    ),
    _setting("silent", boolean, False, metavar="BOOL", about="Print nothing."),
    _setting(
        "console", console, True, metavar="BOOL", about="Keep what the program prints with the run."
    ),
    _setting(
        "disable_git", boolean, False, metavar="BOOL", about="Do not note the commit and remote."
    ),
    _setting(
        "finish_timeout",
        seconds,
        30.0,
        metavar="SECONDS",
        about="How long the end of a run waits for the upload; the rest stays on disk.",
    ),
    _setting(
        "linger",
        seconds,
        24 * 3600.0,
        metavar="SECONDS",
        about="How long the sender goes on trying after the training process has ended.",
    ),
    _setting(
        "system_interval",
        seconds,
        10.0,
        metavar="SECONDS",
        about="How often the sender samples CPU, memory, disk, network and GPUs; 0: never.",
    ),
)
"""All settings of the client, in the order of the documentation."""


def resolve_client(explicit: Mapping[str, Any], environment: Mapping[str, str]) -> Resolved:
    """Return the client's settings; arguments and errors as of `settings.table.resolve`."""
    own_pair = any(environment.get(f"RUNWAKE_{name}") for name in ("BASE_URL", "API_KEY")) or any(
        explicit.get(name) is not None for name in ("base_url", "api_key")
    )
    other = environment.get("WANDB_BASE_URL", "")
    host = other.partition("://")[2].partition("/")[0].partition(":")[0]
    is_elsewhere = host.lower().endswith(_OTHER_SERVICE)
    if own_pair or is_elsewhere:
        environment = {
            name: value for name, value in environment.items() if name not in _WANDB_PAIR
        }
    resolved = resolve(CLIENT_SETTINGS, explicit, environment)
    if is_elsewhere and not own_pair:
        line = f"WANDB_BASE_URL={other!r} and its key are ignored: no Runwake server is there"
        resolved = resolved._replace(warnings=(*resolved.warnings, line))
    return resolved


def unknown_settings(names: set[str]) -> set[str]:
    """Return which of the names are no settings of the client."""
    return names - {setting.name for setting in CLIENT_SETTINGS}
