"""The modules and names of the stand-in `wandb`, and where each leads.

A home is `module:attribute`; `absent class:X` and `absent call:X` stand for what Runwake does not
have yet (`runwake.sdk.absent`). Names that nobody is known to import from a module are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

VERSION: Final = "0.31.0"
"""The version of the mirrored API. Plain x.y.z: libraries compare it, some split it at dots."""

_CALLS: Final = "runwake.dropin.calls"
_RUN: Final = {"Run": "runwake.sdk.run:Run"}
_SETTINGS: Final = {"Settings": "runwake.dropin.settings_object:Settings"}
_ALERTS: Final = {"AlertLevel": "runwake.sdk.alert_level:AlertLevel"}
_CONFIG: Final = {"Config": "runwake.sdk.config:Config"}
_INIT: Final = {"init": "runwake:init"}
_DISABLED: Final = {"RunDisabled": "runwake.dropin.types:RunDisabled"}
_IMAGE: Final = {"Image": "runwake.sdk.media.image:Image"}
_WB_VALUE: Final = {"WBValue": "runwake.dropin.types:WBValue"}
_RUN_ID: Final = {"generate_id": "runwake.dropin.util:generate_id"}
_ERRORS: Final = {
    "AuthenticationError": "runwake.errors:AuthenticationError",
    "CommError": "runwake.errors:CommunicationError",
    "Error": "runwake.errors:RunwakeError",
    "UnsupportedError": "runwake.errors:UnsupportedError",
    "UsageError": "runwake.errors:UsageError",
}
_TERMINAL: Final = {
    "termerror": "runwake.dropin.terminal:termerror",
    "termlog": "runwake.dropin.terminal:termlog",
    "termwarn": "runwake.dropin.terminal:termwarn",
}
_ACTIVE: Final = {
    "config": "runwake:config",
    "log": "runwake:log",
    "run": "runwake:run",
    "summary": "runwake:summary",
}


def _classes(*names: str) -> dict[str, str]:
    return {name: f"absent class:{name}" for name in names}


def _calls(names: Iterable[str], prefix: str = "") -> dict[str, str]:
    return {name: f"absent call:{prefix}{name}" for name in names}


def _part(prefix: str, *names: str) -> dict[str, str]:
    """Return absent classes of a submodule, named in full in their errors."""
    return {name: f"absent class:{prefix}.{name}" for name in names}


_DATA_TYPES: Final = (
    "Audio",
    "Bokeh",
    "BoundingBoxes2D",
    "Classes",
    "EvalTable",
    "Graph",
    "Histogram",
    "Html",
    "ImageMask",
    "JoinedTable",
    "Molecule",
    "Object3D",
    "PartitionedTable",
    "Plotly",
    "Table",
    "Video",
)
_ARTIFACTS: Final = ("Artifact", "ArtifactTTL")
_PLOTS: Final = (
    "bar",
    "confusion_matrix",
    "histogram",
    "line",
    "line_series",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
    "visualize",
)
_PACKAGE: Final = {
    **_ACTIVE,
    **_ALERTS,
    **_CONFIG,
    **_ERRORS,
    **_IMAGE,
    **_INIT,
    **_RUN,
    **_SETTINGS,
    **_TERMINAL,
    "Summary": "runwake.sdk.summary:Summary",
    "alert": "runwake.sdk.current:alert",
    "define_metric": "runwake.sdk.current:define_metric",
    "finish": "runwake.sdk.current:finish",
    "join": "runwake.sdk.current:finish",
    "_attach": f"{_CALLS}:attach",
    "api": f"{_CALLS}:api",
    "attach": f"{_CALLS}:attach",
    "ensure_configured": f"{_CALLS}:ensure_configured",
    "login": f"{_CALLS}:login",
    "require": f"{_CALLS}:require",
    "setup": f"{_CALLS}:setup",
    "teardown": f"{_CALLS}:teardown",
    **_classes("Api", *_ARTIFACTS, *_DATA_TYPES),
    **_calls(
        (
            "agent",
            "controller",
            "link_artifact",
            "link_model",
            "log_artifact",
            "log_code",
            "log_model",
            "mark_preempting",
            "pin_config_keys",
            "plot_table",
            "restore",
            "save",
            "sweep",
            "unwatch",
            "use_artifact",
            "use_model",
            "visualize",
            "watch",
        )
    ),
}
_KERAS: Final = (
    "WandbCallback",
    "WandbEvalCallback",
    "WandbMetricsLogger",
    "WandbModelCheckpoint",
)

MODULES: Final[dict[str, dict[str, str]]] = {
    "wandb": _PACKAGE,
    "wandb.apis": {},
    "wandb.apis.public": _classes("Api"),
    "wandb.data_types": {**_IMAGE, **_WB_VALUE, **_classes(*_DATA_TYPES)},
    "wandb.env": {
        name: f"runwake.dropin.env:{name}"
        for name in ("get_entity", "get_project", "set_entity", "set_project")
    },
    "wandb.errors": _ERRORS,
    "wandb.errors.errors": _ERRORS,
    "wandb.errors.term": _TERMINAL,
    "wandb.integration": {},
    "wandb.integration.catboost": {
        **_part("integration.catboost", "WandbCallback"),
        **_calls(("log_summary",), "integration.catboost."),
    },
    "wandb.integration.gym": _calls(("monitor",), "integration.gym."),
    "wandb.integration.keras": _part("integration.keras", *_KERAS),
    "wandb.integration.lightgbm": _calls(
        ("log_summary", "wandb_callback"), "integration.lightgbm."
    ),
    "wandb.integration.sb3": _part("integration.sb3", "WandbCallback"),
    "wandb.integration.tensorboard": _calls(
        ("log", "patch", "unpatch"), "integration.tensorboard."
    ),
    "wandb.integration.xgboost": {
        **_part("integration.xgboost", "WandbCallback"),
        **_calls(("wandb_callback",), "integration.xgboost."),
    },
    "wandb.keras": _part("keras", *_KERAS),
    "wandb.lightgbm": _calls(("log_summary", "wandb_callback"), "lightgbm."),
    "wandb.plot": _calls(_PLOTS, "plot."),
    "wandb.sdk": {**_CONFIG, **_INIT, **_RUN, **_SETTINGS, "login": f"{_CALLS}:login"},
    "wandb.sdk.artifacts": {},
    "wandb.sdk.artifacts.artifact": _classes("Artifact"),
    "wandb.sdk.data_types": {},
    "wandb.sdk.data_types.audio": _classes("Audio"),
    "wandb.sdk.data_types.base_types": {},
    "wandb.sdk.data_types.base_types.media": {
        "BatchableMedia": "runwake.dropin.types:BatchableMedia",
        "Media": "runwake.dropin.types:Media",
    },
    "wandb.sdk.data_types.base_types.wb_value": _WB_VALUE,
    "wandb.sdk.data_types.histogram": _classes("Histogram"),
    "wandb.sdk.data_types.html": _classes("Html"),
    "wandb.sdk.data_types.image": _IMAGE,
    "wandb.sdk.data_types.object_3d": _classes("Object3D"),
    "wandb.sdk.data_types.table": _classes("Table"),
    "wandb.sdk.data_types.video": _classes("Video"),
    "wandb.sdk.lib": {**_DISABLED},
    "wandb.sdk.lib.config_util": {"ConfigError": "runwake.errors:ConfigError"},
    "wandb.sdk.lib.disabled": _DISABLED,
    "wandb.sdk.lib.runid": _RUN_ID,
    "wandb.sdk.wandb_alerts": _ALERTS,
    "wandb.sdk.wandb_config": _CONFIG,
    "wandb.sdk.wandb_init": _INIT,
    "wandb.sdk.wandb_login": {"login": f"{_CALLS}:login"},
    "wandb.sdk.wandb_run": _RUN,
    "wandb.sdk.wandb_settings": _SETTINGS,
    "wandb.sdk.wandb_summary": {"Summary": "runwake.sdk.summary:Summary"},
    "wandb.sklearn": {
        name: f"absent call:sklearn.{name}"
        for name in ("plot_classifier", "plot_clusterer", "plot_regressor")
    },
    "wandb.tensorboard": _calls(("log", "patch", "unpatch"), "tensorboard."),
    "wandb.util": {
        **_RUN_ID,
        "get_module": "runwake.dropin.util:get_module",
        "json_dumps_safer": "runwake.dropin.util:json_dumps_safer",
        "json_dumps_safer_history": "runwake.dropin.util:json_dumps_safer",
    },
    "wandb.wandb_run": _RUN,
    "wandb.xgboost": {
        **_part("xgboost", "WandbCallback"),
        **_calls(("wandb_callback",), "xgboost."),
    },
}
"""Names and homes by module; each parent of a module is there as well."""
