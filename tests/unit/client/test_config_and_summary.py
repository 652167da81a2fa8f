from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runwake.errors import ConfigError, UsageError
from runwake.sdk.run import Run
from runwake.wire.records import AnyRecord, ConfigUpdate, RunStart, SummaryUpdate

Start = Callable[..., Run]
Records = Callable[[Run], list[AnyRecord]]


def test_config_reads_as_items_and_as_attributes(start_run: Start) -> None:
    config = start_run(config={"lr": 0.1, "model": {"depth": 3}}).config

    assert config["lr"] == config.lr == config.get("lr") == 0.1
    assert config["model"]["depth"] == 3
    assert config.get("other", 5) == 5
    assert "lr" in config
    assert "other" not in config
    assert config.keys() == list(config) == ["lr", "model"]
    assert dict(config) == dict(config.items()) == {"lr": 0.1, "model": {"depth": 3}}
    assert {**config}["lr"] == 0.1
    assert len(config) == 2


def test_a_missing_config_key_is_the_error_of_its_kind_of_access(start_run: Start) -> None:
    config = start_run(config={"lr": 0.1}).config

    with pytest.raises(KeyError):
        _ = config["other"]
    with pytest.raises(AttributeError, match="it has: lr"):
        _ = config.other
    assert not hasattr(config, "other")


def test_config_changes_are_recorded_with_the_start_before_them(
    start_run: Start, records_of: Records
) -> None:
    run = start_run(config={"lr": 0.1})

    run.config["a"] = np.float32(0.5)
    run.config.b = (1, 2)
    run.config.update({"c": {"d": 1}}, e=None)
    del run.config["a"]

    start, *changes = [r for r in records_of(run) if isinstance(r, (RunStart, ConfigUpdate))]
    assert isinstance(start, RunStart)
    assert start.config == {"lr": 0.1}
    assert [(c.set, c.delete) for c in changes if isinstance(c, ConfigUpdate)] == [
        ({"a": 0.5}, []),
        ({"b": [1, 2]}, []),
        ({"c": {"d": 1}, "e": None}, []),
        ({}, ["a"]),
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.__setitem__("lr", 0.2),
        lambda config: setattr(config, "lr", 0.2),
        lambda config: config.update({"new": 1, "lr": 0.2}),
    ],
)
def test_a_set_key_may_not_change_unless_allowed(
    start_run: Start, change: Callable[[Any], None]
) -> None:
    config = start_run(config={"lr": 0.1, "nan": float("nan")}).config

    with pytest.raises(ConfigError, match=r"'lr' is set to 0.1 and may not become 0.2"):
        change(config)
    assert "new" not in config

    config.lr = 0.1
    config.nan = float("nan")
    config.update({"lr": 0.3}, allow_val_change=True)
    assert config.lr == 0.3


def test_init_can_allow_changes_for_the_whole_run(start_run: Start) -> None:
    run = start_run(config={"lr": 0.1}, allow_val_change=True)

    run.config.lr = 0.2

    assert run.config.lr == 0.2


def test_defaults_are_set_only_where_nothing_is_set(start_run: Start) -> None:
    config = start_run(config={"lr": 0.1}).config

    config.setdefaults({"lr": 1, "batch": 2})

    assert config.as_dict() == {"lr": 0.1, "batch": 2}


def test_config_comes_from_namespaces_and_files(start_run: Start, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps({"depth": {"value": 3}}), encoding="utf-8")
    config = start_run(config=argparse.Namespace(lr=0.1)).config

    config.update(str(tmp_path / "c.json"))

    assert config.as_dict() == {"lr": 0.1, "depth": 3}


@pytest.mark.parametrize("bad", [3, "missing.json", [1]])
def test_a_config_of_a_wrong_kind_is_refused_in_words(start_run: Start, bad: Any) -> None:
    with pytest.raises(UsageError, match="config"):
        start_run(config=bad)


def test_keys_are_selected_at_init(start_run: Start) -> None:
    config = {"a": 1, "b": 2, "c": 3}

    run = start_run(config=config, config_include_keys=["a", "b"], config_exclude_keys=["b"])

    assert run.config.as_dict() == {"a": 1}


def test_copying_a_config_says_what_to_do_instead(start_run: Start) -> None:
    with pytest.raises(TypeError, match=r"dict\(run.config\)"):
        copy.deepcopy(start_run().config)


def test_summary_follows_closed_rows_only(start_run: Start) -> None:
    run = start_run()

    run.log({"loss": 1.0, "none": None})
    run.log({"loss": 2.0}, commit=False)
    assert run.summary["loss"] == 1.0
    run.log({"acc": 0.5})

    assert run.summary.as_dict() == {"loss": 2.0, "acc": 0.5}


def test_what_is_set_by_hand_stays_until_the_key_is_logged_again(start_run: Start) -> None:
    run = start_run()
    run.log({"loss": 1.0})

    run.summary["loss"] = 9.0
    run.log({"acc": 1})
    assert run.summary.loss == 9.0
    run.log({"loss": 3.0})

    assert run.summary.loss == 3.0


def test_summary_is_a_mapping_with_attributes(start_run: Start) -> None:
    summary = start_run().summary

    summary.update({"a": 1}, b=np.int64(2))
    summary.c = 3
    del summary["a"]

    assert dict(summary) == {"b": 2, "c": 3}
    assert "a" not in summary
    assert summary.get("a", 7) == 7
    assert len(summary) == 2
    with pytest.raises(KeyError):
        _ = summary["a"]
    with pytest.raises(AttributeError, match="no key 'a'"):
        _ = summary.a


def test_nested_summary_values_are_set_beside_their_siblings(
    start_run: Start, records_of: Records
) -> None:
    run = start_run()
    run.log({"n": {"a": 1, "b": {"c": 2}}})

    run.summary["n"]["d"] = 3
    run.summary["n"]["b"]["c"] = 4
    del run.summary["n"]["a"]

    assert run.summary.as_dict() == {"n": {"b": {"c": 4}, "d": 3}}
    assert run.summary["n"] == {"b": {"c": 4}, "d": 3}
    updates = [r for r in records_of(run) if isinstance(r, SummaryUpdate)]
    assert [u.set for u in updates] == [
        [(["n", "d"], 3)],
        [(["n", "b", "c"], 4)],
        [],
    ]
    assert updates[2].delete == [["n", "a"]]
