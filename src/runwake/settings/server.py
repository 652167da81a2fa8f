"""Settings of the server: one line each. The command line and the docs are made from the table."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runwake.errors import UsageError
from runwake.settings.table import Setting, boolean, one_of, port, resolve, text

_MEBIBYTE: Final = 1024 * 1024


def _directory(value: Any) -> Path:
    return Path(text(str(value))).expanduser().absolute()


def _mebibytes(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise ValueError("expected a whole number of MiB, 1 or more")
    return number * _MEBIBYTE


SERVER_SETTINGS: Final = (
    Setting(
        "host",
        text,
        "127.0.0.1",
        "Address to listen on. Any but this machine's own needs --authentication.",
        ("RUNWAKE_SERVER_HOST",),
    ),
    Setting(
        "port",
        port,
        8080,
        "Port to listen on; 0 takes a free one.",
        ("RUNWAKE_SERVER_PORT",),
        "PORT",
    ),
    Setting(
        "data_dir",
        _directory,
        Path("~/.runwake/server").expanduser(),
        "Folder for everything that the server keeps.",
        ("RUNWAKE_SERVER_DATA_DIR",),
        "DIR",
    ),
    Setting(
        "authentication",
        boolean,
        False,
        "Whether callers must have an API key.",
        ("RUNWAKE_SERVER_AUTHENTICATION",),
        "BOOL",
    ),
    Setting(
        "log_level",
        one_of("debug", "info", "warning", "error"),
        "warning",
        "What to write to the terminal: debug, info, warning or error.",
        ("RUNWAKE_SERVER_LOG_LEVEL",),
        "LEVEL",
    ),
    Setting(
        "max_blob_size",
        _mebibytes,
        5 * 1024 * _MEBIBYTE,
        "Largest file that may be uploaded, in MiB.",
        ("RUNWAKE_SERVER_MAX_BLOB_SIZE",),
        "MIB",
    ),
)


@dataclass(frozen=True)
class ServerSettings:
    """Values of `SERVER_SETTINGS`; `max_blob_size` in bytes."""

    host: str
    port: int
    data_dir: Path
    authentication: bool
    log_level: str
    max_blob_size: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False


def server_settings(
    explicit: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[ServerSettings, tuple[str, ...]]:
    """Return the settings, and a line for each environment variable that was ignored.

    Raises:
        UsageError: an explicit value is not allowed, or the server would be open to the network
            without authentication.
    """
    resolved = resolve(SERVER_SETTINGS, explicit, environment)
    settings = ServerSettings(**resolved.values)
    if not settings.is_loopback and not settings.authentication:
        raise UsageError(
            f"host={settings.host!r} can be reached from other machines, and without "
            "authentication everybody there could read, change and delete all runs. Add "
            "--authentication, or listen on 127.0.0.1"
        )
    return settings, resolved.warnings
