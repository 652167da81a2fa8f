"""Calls of the module `wandb` around runs: sign-in, set-up, requirements."""

from __future__ import annotations

import json
from typing import Any, Final

from runwake.errors import UnsupportedError, UsageError
from runwake.sdk.current import finish
from runwake.sdk.run import Run
from runwake.sdk.session import current_run, init
from runwake.settings.client import resolve_client
from runwake.settings.sources import environment, set_variable

_REQUIREMENTS: Final = ("core", "legacy-service", "nexus", "report-editing", "service")


def login(key: str | None = None, host: str | None = None, **options: Any) -> bool:
    """Take a key for the runs to come. Nothing is kept on disk.

    Nothing is asked of the server either: a server of this machine needs no key, and a refused
    one is reported by the runs.

    Args:
        key: for a server that asks for one. Not used if RUNWAKE_API_KEY or RUNWAKE_BASE_URL is
            set: it may belong to another server.
        host: address of the server that the key is for.
        **options: `anonymous`, `relogin`, `force`, `timeout`, `verify` and others: accepted.

    Returns:
        True.
    """
    del options
    if host:
        set_variable("WANDB_BASE_URL", host)
    if key:
        set_variable("WANDB_API_KEY", key)
    return True


def setup(settings: Any = None) -> None:
    """Accept the call: nothing needs to be set up before the first run."""
    del settings


def teardown(exit_code: int | None = None) -> None:
    """End the current run, if there is one."""
    finish(exit_code)


def require(requirement: Any = None, experiment: Any = None) -> None:
    """Accept a requirement that newer clients fulfil anyway.

    Args:
        requirement: name, or several.
        experiment: an older name of the same argument.

    Raises:
        UnsupportedError: the requirement is unknown.
    """
    wanted = requirement or experiment or ()
    for name in (wanted,) if isinstance(wanted, str) else wanted:
        if name not in _REQUIREMENTS:
            raise UnsupportedError(
                f"require: {name!r} is unknown, expected one of {', '.join(_REQUIREMENTS)}"
            )


def attach(attach_id: str) -> Run:
    """Write into a run of another process from this one, as a process of its own.

    The run goes on as long as one of its processes does.

    Args:
        attach_id: `_attach_id` of the run.

    Raises:
        UsageError: the id is none.
    """
    try:
        arguments = json.loads(attach_id)
        run_id = arguments["id"]
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"attach: {attach_id!r} is no attach id of a run") from None
    run = current_run()
    if run is not None and run.id == run_id:
        return run
    return init(**arguments, resume="allow")


def ensure_configured() -> None:
    """Accept the call: settings are read when a run starts."""


class _Api:
    """What libraries ask `wandb.api` for: whether somebody is signed in."""

    @property
    def api_key(self) -> str:
        """The key for the server; `open` where none is set, as an open server needs none."""
        return resolve_client({}, environment()).values["api_key"] or "open"


api: Final = _Api()
