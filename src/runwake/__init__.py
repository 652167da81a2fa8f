"""Runwake: open-source, self-hosted experiment tracking for machine learning.

::

    import runwake

    run = runwake.init(project="digits", config={"lr": 0.1})
    run.log({"loss": 0.3})
    run.finish()

Public names are loaded when they are first used. `run`, `config`, `summary` and `log` are bound
anew by `init`.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers take it for True; typing is not imported for it
if TYPE_CHECKING:
    from typing import Any

    from runwake.errors import (
        AuthenticationError,
        CommunicationError,
        ConfigError,
        RunwakeError,
        UnsupportedError,
        UsageError,
    )
    from runwake.sdk.alert_level import AlertLevel
    from runwake.sdk.config import Config
    from runwake.sdk.current import alert, define_metric, finish, log
    from runwake.sdk.media.image import Image
    from runwake.sdk.run import Run
    from runwake.sdk.session import init
    from runwake.sdk.summary import Summary

    run: Run | None
    config: Config
    summary: Summary

    def install_as_wandb() -> None:
        """See `runwake.dropin.installing`, which is above this package's parts."""


__version__ = "0.1.0"

__all__ = [
    "AlertLevel",
    "AuthenticationError",
    "CommunicationError",
    "ConfigError",
    "Image",
    "Run",
    "RunwakeError",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "alert",
    "config",
    "define_metric",
    "finish",
    "init",
    "install_as_wandb",
    "log",
    "run",
    "summary",
]

_HOMES = {
    "AlertLevel": "runwake.sdk.alert_level",
    "AuthenticationError": "runwake.errors",
    "CommunicationError": "runwake.errors",
    "ConfigError": "runwake.errors",
    "RunwakeError": "runwake.errors",
    "UnsupportedError": "runwake.errors",
    "UsageError": "runwake.errors",
    "Image": "runwake.sdk.media.image",
    "Run": "runwake.sdk.run",
    "alert": "runwake.sdk.current",
    "config": "runwake.sdk.current",
    "define_metric": "runwake.sdk.current",
    "finish": "runwake.sdk.current",
    "init": "runwake.sdk.session",
    "install_as_wandb": "runwake.dropin.installing",
    "log": "runwake.sdk.current",
    "summary": "runwake.sdk.current",
}

# The half of the SDK that stands on the standard library alone. It is loaded here rather than by
# the first `init`, which scripts expect to return at once.
for _module in (
    "runwake.settings.client",
    "runwake.sdk.console",
    "runwake.sdk.lifecycle",
    "runwake.sdk.naming",
    "runwake.sdk.provenance",
    "runwake.sdk.shipping",
    "runwake.sdk.values",
):
    import_module(_module)


def __getattr__(name: str) -> Any:
    if name == "run":  # no run is active
        return None
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'runwake' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
