"""`wandb.Settings`: a bag of settings that takes any name."""

from __future__ import annotations

from typing import Any, Final

_OUR_NAMES: Final = {
    "root_dir": "dir",
    "run_job_type": "job_type",
    "run_name": "name",
    "run_notes": "notes",
    "run_tags": "tags",
}


class Settings:
    """Settings for `init(settings=…)`, as attributes.

    Names that Runwake does not know are accepted here; `init` says in a warning that they have no
    effect.

    Args:
        **values: settings by name.
    """

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, _OUR_NAMES.get(name, name), value)

    def __getattr__(self, name: str) -> Any:
        """Return None for a public setting that was not given; look up the names of others."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.__dict__.get(_OUR_NAMES.get(name, name))

    def __repr__(self) -> str:
        shown = {name: "***" if name == "api_key" else value for name, value in vars(self).items()}
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"
