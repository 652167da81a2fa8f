"""Use case of silence: runs that nothing is heard of any more count as crashed."""

from __future__ import annotations

from dataclasses import replace

from runwake.store.ports import MetaStore, RunRecord
from runwake.tracking.clock import Clock, system_clock
from runwake.tracking.run_states import fall_silent, is_silent


class SilenceWatch:
    """Marks silent runs. Any later sign of life takes the mark away (see `run_states`)."""

    def __init__(self, meta: MetaStore, clock: Clock = system_clock) -> None:
        self._meta = meta
        self._clock = clock
        self._listening_since = clock()

    def mark_silent_runs(self) -> int:
        """Mark them and return how many there were. Cheap when there are none."""
        with self._meta.read() as tx:
            silent = [run.uid for run in tx.running() if self._is_silent(run)]
        if not silent:
            return 0
        with self._meta.write() as tx:
            # Once more, now that nobody else writes: one may have spoken in between.
            runs = [run for run in tx.running() if self._is_silent(run)]
            for run in runs:
                tx.save_run(replace(fall_silent(run), updated_at=self._clock()))
        return len(runs)

    def _is_silent(self, run: RunRecord) -> bool:
        return is_silent(run, self._listening_since, self._clock())
