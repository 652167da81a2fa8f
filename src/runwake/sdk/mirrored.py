"""Calls of a run that other versions of the mirrored API have: older ones, and those to come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runwake.sdk.absent import absent_call

if TYPE_CHECKING:
    from runwake.sdk.run import Run


class MirroredCalls:
    """What `Run` offers for scripts and libraries that were written for other versions."""

    __slots__ = ()

    sweep_id: str | None = None
    """None: no run belongs to a sweep yet."""
    sweep_url: str | None = None
    """None: no run belongs to a sweep yet."""

    def get_project_url(self: Run) -> str | None:  # type: ignore[misc]  # a part of Run alone
        """Return `project_url`; kept for older callers."""
        return self.project_url

    def get_sweep_url(self) -> str | None:
        """Return `sweep_url`; kept for older callers."""
        return self.sweep_url

    def project_name(self: Run) -> str:  # type: ignore[misc]
        """Return `project`; kept for older callers."""
        return self.project

    def join(self: Run, exit_code: int | None = None) -> None:  # type: ignore[misc]
        """End the run as `finish` does; kept for older callers."""
        self.finish(exit_code)

    @property
    def _attach_id(self: Run) -> str:  # type: ignore[misc]
        """What another process needs to write into this run; see `dropin.calls.attach`."""
        import json  # for those few processes alone

        place = None if self.sync_dir is None else str(Path(self.sync_dir).parent.parent)
        return json.dumps(
            {
                "entity": self.entity,
                "project": self.project,
                "id": self.id,
                "name": self.name,
                "mode": self.mode,
                "dir": place,
            }
        )

    def _label(self, *_: Any, **__: Any) -> None:
        """Accept what libraries say about themselves; it has no place in a run."""

    display = absent_call("Run.display")
    finish_artifact = absent_call("Run.finish_artifact")
    link_artifact = absent_call("Run.link_artifact")
    link_model = absent_call("Run.link_model")
    log_artifact = absent_call("Run.log_artifact")
    log_code = absent_call("Run.log_code")
    log_model = absent_call("Run.log_model")
    mark_preempting = absent_call("Run.mark_preempting")
    pin_config_keys = absent_call("Run.pin_config_keys")
    plot_table = absent_call("Run.plot_table")
    restore = absent_call("Run.restore")
    save = absent_call("Run.save")
    status = absent_call("Run.status")
    to_html = absent_call("Run.to_html")
    unwatch = absent_call("Run.unwatch")
    upsert_artifact = absent_call("Run.upsert_artifact")
    use_artifact = absent_call("Run.use_artifact")
    use_model = absent_call("Run.use_model")
    watch = absent_call("Run.watch")
    write_logs = absent_call("Run.write_logs")
