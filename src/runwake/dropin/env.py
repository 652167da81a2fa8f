"""`wandb.env`: variables that libraries set for the runs to come."""

from __future__ import annotations

from collections.abc import MutableMapping

from runwake.settings.sources import environment, set_variable

_Environment = MutableMapping[str, str]


def set_entity(value: str, env: _Environment | None = None) -> None:
    """Set the entity of runs to come, in `env` or this process's environment."""
    _set("WANDB_ENTITY", value, env)


def set_project(value: str, env: _Environment | None = None) -> None:
    """Set the project of runs to come, in `env` or this process's environment."""
    _set("WANDB_PROJECT", value, env)


def get_entity(default: str | None = None, env: _Environment | None = None) -> str | None:
    """Return the entity that the environment names."""
    return _get("WANDB_ENTITY", default, env)


def get_project(default: str | None = None, env: _Environment | None = None) -> str | None:
    """Return the project that the environment names."""
    return _get("WANDB_PROJECT", default, env)


def _set(variable: str, value: str, env: _Environment | None) -> None:
    if env is None:
        set_variable(variable, value)
    else:
        env[variable] = value


def _get(variable: str, default: str | None, env: _Environment | None) -> str | None:
    return (environment() if env is None else env).get(variable, default)
