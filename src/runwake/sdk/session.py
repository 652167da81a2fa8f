"""`init`, and which run is the current one of this process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runwake import __version__
from runwake.errors import ArgumentTypeError, UsageError
from runwake.model.run import DEFAULT_ENTITY, DEFAULT_PROJECT
from runwake.runlog import run_dir as run_dirs
from runwake.runlog.run_dir import RunDir
from runwake.sdk import provenance
from runwake.sdk.config import config_values
from runwake.sdk.identity import RunOptions
from runwake.sdk.naming import make_run_id, make_run_name, make_stream_name
from runwake.sdk.notices import Notices
from runwake.sdk.resuming import Resumption, find_earlier
from runwake.sdk.run import Run
from runwake.sdk.shipping import Shipping, is_reachable, short_path
from runwake.settings.client import resolve_client, unknown_settings
from runwake.settings.sources import environment
from runwake.wire.records import RunStart

_REBOUND = ("run", "config", "summary", "log")
_REINIT = ("return_previous", "finish_previous", "create_new", "default")

_runs: list[Run] = []
"""Unfinished runs of this process, oldest first."""
_current: Run | None = None
_faces = ["runwake"]
"""Modules whose names `_REBOUND` follow the current run."""


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,  # noqa: A002 - the field's signature
    id: str | None = None,  # noqa: A002
    name: str | None = None,
    notes: str | None = None,
    tags: Iterable[str] | None = None,
    config: Any = None,
    config_exclude_keys: Iterable[str] | None = None,
    config_include_keys: Iterable[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    reinit: bool | str | None = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: Any = None,
    anonymous: str | None = None,
    **unknown: Any,
) -> Run:
    """Start a run and make it the current one.

    Returns at once, whether or not the server can be reached: the run is kept on disk and sent
    from there by a process of its own.

    Args:
        entity: user or team that owns the run.
        project: project of the run.
        dir: where the folder with the logs is made; by default the current folder.
        id: unique within the project; made up if none is given.
        name: display name; made up if none is given.
        notes: text about the run.
        tags: labels of 1 to 64 characters.
        config: the run's inputs: a dict, an argparse namespace, a dataclass, a pydantic model,
            absl flags or the path of a JSON or YAML file.
        config_exclude_keys: keys of `config` to leave out.
        config_include_keys: the only keys of `config` to take.
        allow_val_change: whether config keys may change later without being asked.
        group: group of runs that belong together.
        job_type: what kind of run it is within its group.
        mode: online, offline (kept on disk only) or disabled (nothing is kept).
        force: accepted for compatibility.
        reinit: what happens if a run is active: return_previous (default), finish_previous or
            create_new.
        resume: never, allow, must, auto, True or False: whether an earlier run of this id is
            continued.
        resume_from: accepted for compatibility; not supported yet.
        fork_from: accepted for compatibility; not supported yet.
        save_code: accepted for compatibility; not supported yet.
        tensorboard: accepted for compatibility; not supported yet.
        sync_tensorboard: accepted for compatibility; not supported yet.
        monitor_gym: accepted for compatibility; not supported yet.
        settings: further settings by name (see the settings page), as a dict or an object.
        anonymous: accepted for compatibility.
        **unknown: accepted with a warning.

    Raises:
        UsageError: an argument is not allowed; the message names it.
    """
    explicit = _explicit_settings(settings)
    explicit.update(
        {
            key: value
            for key, value in {
                "entity": entity,
                "project": project,
                "dir": None if dir is None else os.fspath(dir),
                "run_id": id,
                "name": name,
                "notes": notes,
                "tags": tags,
                "run_group": group,
                "job_type": job_type,
                "mode": mode,
                "resume": resume,
            }.items()
            if value is not None
        }
    )
    resolved = resolve_client(_without_unknown(explicit), environment())
    values = resolved.values
    notices = Notices(values["silent"])
    previous = _settle_previous(reinit, notices)
    if previous is not None:
        return previous
    for line in resolved.warnings:
        notices.warn(line)
    unsupported = {
        "resume_from": resume_from,
        "fork_from": fork_from,
        "save_code": save_code,
        "sync_tensorboard": sync_tensorboard or tensorboard,
        "monitor_gym": monitor_gym,
        **dict.fromkeys(unknown, True),
        **dict.fromkeys(unknown_settings(set(explicit)), True),
    }
    ignored = sorted(key for key, value in unsupported.items() if value)
    if ignored:
        notices.warn(f"init: not supported and ignored: {', '.join(ignored)}")
    inputs = _select_keys(
        config_values(config, notices.warn_once), config_include_keys, config_exclude_keys
    )
    return _start_run(values, inputs, bool(allow_val_change), reinit == "create_new", notices)


def current_run() -> Run | None:
    """Return the current run, None before `init` and after `finish`."""
    return _current


def bind_module(name: str) -> None:
    """Bind `run`, `config`, `summary` and `log` of one more module to the current run."""
    if name not in _faces:
        _faces.append(name)
    if _current is not None:
        _bind(name, _current)


def _start_run(
    values: Mapping[str, Any],
    config: dict[str, Any],
    allow_val_change: bool,
    beside: bool,
    notices: Notices,
) -> Run:
    parent = Path(values["dir"] or ".")
    entity = values["entity"] or DEFAULT_ENTITY
    project = values["project"] or DEFAULT_PROJECT
    earlier = find_earlier(parent, entity, project, values["run_id"], values["resume"])
    run_id = values["run_id"] or earlier.run_id or make_run_id()
    if values["resume"] == "must" and not earlier.found:
        notices.warn(
            f'resume="must": run {run_id} is not known on this machine; where the server has it, '
            "these rows are added to it, with steps from 0"
        )
    start = _make_start(values, run_id, config)
    options = RunOptions(
        mode=values["mode"],
        base_url=values["base_url"],
        console=values["console"],
        finish_timeout_s=values["finish_timeout"],
        allow_val_change=allow_val_change,
        first_step=earlier.next_step,
        resumed=earlier.found,
    )
    run, run_dir = _open_run(parent, start, options, notices, values["folder"])
    shipping = None
    if run_dir is not None and options.mode == "online":
        shipping = Shipping(
            run_dir,
            base_url=values["base_url"],
            api_key=values["api_key"],
            linger_s=values["linger"],
            system_interval_s=values["system_interval"],
            environment=environment(),
            notices=notices,
        )
        shipping.start()
    _say_hello(run, earlier, notices)
    run.attach(shipping)
    _runs.append(run)
    if not beside:
        _make_current(run)
    return run


def _open_run(
    parent: Path, start: RunStart, options: RunOptions, notices: Notices, root_name: str
) -> tuple[Run, RunDir | None]:
    """Make the run with its folder; where no folder can be made, go on without one."""
    if options.mode == "disabled":
        return Run(start, None, options, notices, _forget), None
    try:
        return _open_run_in(parent, start, options, notices, root_name)
    except OSError as error:
        problem = error.strerror
    import tempfile  # only where the usual place cannot be written

    try:
        place = Path(tempfile.mkdtemp(prefix="runwake-"))
        opened = _open_run_in(place, start, options, notices, root_name)
    except OSError:
        notices.warn(f"cannot write to {parent} ({problem}): nothing of this run is kept")
        return Run(start, None, options._replace(mode="disabled"), notices, _forget), None
    notices.warn(f"cannot write to {parent} ({problem}): the run is kept in {place}")
    return opened


def _open_run_in(
    place: Path, start: RunStart, options: RunOptions, notices: Notices, root_name: str
) -> tuple[Run, RunDir]:
    offline = options.mode == "offline"
    run_dir = run_dirs.create(place, start.run_id, offline=offline, root_name=root_name)
    return Run(start, run_dir, options, notices, _forget), run_dir


def _make_start(values: Mapping[str, Any], run_id: str, config: dict[str, Any]) -> RunStart:
    folder = provenance.current_folder()
    disabled = values["mode"] == "disabled"
    git = provenance.GitState(None, None)
    if folder is not None and not disabled and not values["disable_git"]:
        git = provenance.read_git(folder)
    return RunStart(
        time=time.time(),
        entity=values["entity"] or DEFAULT_ENTITY,
        project=values["project"] or DEFAULT_PROJECT,
        run_id=run_id,
        stream=make_stream_name(),
        name=values["name"] or make_run_name(),
        group=values["run_group"],
        job_type=values["job_type"],
        notes=values["notes"],
        tags=values["tags"],
        config=config,
        resume=values["resume"],
        host=os.uname().nodename,
        pid=os.getpid(),
        program=provenance.program_path(),
        args=provenance.mask_arguments(sys.argv[1:]),
        cwd=None if folder is None else str(folder),
        python=provenance.python_version(),
        os=provenance.operating_system(),
        cpu_count=os.cpu_count(),
        sdk_version=__version__,
        git_commit=git.commit,
        git_remote=git.remote,
    )


def _say_hello(run: Run, earlier: Resumption, notices: Notices) -> None:
    if notices.silent or run.disabled:
        return
    again = f" (continued at step {earlier.next_step})" if earlier.found else ""
    title = f"{run.project}/{run.name}{again}"
    if run.offline:
        notices.say(f"{title} (offline), kept in {short_path(Path(run.sync_dir or ''))}")
    elif is_reachable(run.url or ""):
        notices.say(f"{title} at {run.url}")
    else:
        notices.say(
            f"{title}: no server answers at {urlsplit_host(run)}",
            f"the run is kept in {short_path(Path(run.sync_dir or ''))} and sent when one does",
        )


def urlsplit_host(run: Run) -> str:
    """Return the server's address of an online run."""
    return (run.url or "").split(f"/{run.entity}/", maxsplit=1)[0]


def _settle_previous(reinit: bool | str | None, notices: Notices) -> Run | None:
    """Return the active run if it is to be used again; finish it if so asked."""
    if isinstance(reinit, bool):
        reinit = "finish_previous" if reinit else "return_previous"
    if reinit is not None and reinit not in _REINIT:
        raise UsageError(f"reinit={reinit!r}: expected one of {', '.join(_REINIT)}, True, False")
    if _current is None or _current.is_inherited or reinit == "create_new":
        return None
    if reinit == "finish_previous":
        _current.finish()
        return None
    notices.say(
        f"run {_current.name} is active: init returns it and ignores its arguments (finish it "
        'first, or say reinit="finish_previous")'
    )
    return _current


def _explicit_settings(settings: Any) -> dict[str, Any]:
    if settings is None:
        return {}
    if isinstance(settings, Mapping):
        return dict(settings)
    if hasattr(settings, "__dict__") and not isinstance(settings, (str, type)):
        return {key: value for key, value in vars(settings).items() if not key.startswith("_")}
    raise ArgumentTypeError(
        f"settings must be a dict or an object with attributes, got {settings!r} "
        f"({type(settings).__name__})"
    )


def _without_unknown(explicit: dict[str, Any]) -> dict[str, Any]:
    unknown = unknown_settings(set(explicit))
    return {key: value for key, value in explicit.items() if key not in unknown}


def _select_keys(
    config: dict[str, Any], include: Iterable[str] | None, exclude: Iterable[str] | None
) -> dict[str, Any]:
    if include is not None:
        wanted = set(include)
        config = {key: value for key, value in config.items() if key in wanted}
    if exclude is not None:
        unwanted = set(exclude)
        config = {key: value for key, value in config.items() if key not in unwanted}
    return config


def _make_current(run: Run) -> None:
    """Make a run the current one, and bind the module's names to it."""
    global _current  # noqa: PLW0603 - there is one current run per process
    _current = run
    for face in _faces:
        _bind(face, run)


def _bind(face: str, run: Run) -> None:
    module = sys.modules.get(face)
    if module is not None:
        module.__dict__.update(run=run, config=run.config, summary=run.summary, log=run.log)


def _forget(run: Run) -> None:
    """Let go of a finished run; the module's names are as before `init` again."""
    global _current  # noqa: PLW0603
    if run in _runs:
        _runs.remove(run)
    if run is _current:
        _current = None
        for module in map(sys.modules.get, _faces):
            for name in _REBOUND if module is not None else ():
                module.__dict__.pop(name, None)


def _after_fork_in_child() -> None:
    for run in _runs:
        run.after_fork()


os.register_at_fork(after_in_child=_after_fork_in_child)
