from __future__ import annotations

from typing import Any

import pytest

from runwake.errors import UsageError
from runwake.settings.client import CLIENT_SETTINGS, DEFAULT_BASE_URL, resolve_client


def values(environment: dict[str, str], **explicit: Any) -> dict[str, Any]:
    resolved = resolve_client(explicit, environment)
    assert resolved.warnings == ()
    return dict(resolved.values)


def test_defaults_point_at_a_server_on_this_machine() -> None:
    got = values({})

    assert got["base_url"] == DEFAULT_BASE_URL == "http://127.0.0.1:8080"
    assert got["mode"] == "online"
    assert got["finish_timeout"] == 30.0


def test_own_variables_win_over_those_of_the_same_suffix() -> None:
    environment = {"RUNWAKE_PROJECT": "mine", "WANDB_PROJECT": "theirs", "WANDB_NAME": "name"}

    got = values(environment)

    assert (got["project"], got["name"]) == ("mine", "name")
    assert values(environment, project="said")["project"] == "said"


@pytest.mark.parametrize(
    ("word", "mode"),
    [("dryrun", "offline"), ("run", "online"), ("shared", "online"), ("disabled", "disabled")],
)
def test_older_words_for_modes_are_understood(word: str, mode: str) -> None:
    assert values({"WANDB_MODE": word})["mode"] == mode


@pytest.mark.parametrize(
    ("word", "kept"), [("off", False), ("wrap", True), ("auto", True), ("true", True)]
)
def test_words_for_ways_of_capturing_the_console_are_understood(word: str, kept: bool) -> None:
    assert values({"WANDB_CONSOLE": word})["console"] is kept


def test_address_and_key_of_the_other_family_are_taken_together_or_not_at_all() -> None:
    theirs = {"WANDB_BASE_URL": "https://theirs.example", "WANDB_API_KEY": "their-key"}

    assert values(theirs)["base_url"] == "https://theirs.example"
    assert values(theirs)["api_key"] == "their-key"
    own_url = values({**theirs, "RUNWAKE_BASE_URL": "http://mine:1"})
    assert (own_url["base_url"], own_url["api_key"]) == ("http://mine:1", None)
    own_key = values({**theirs, "RUNWAKE_API_KEY": "k"})
    assert (own_key["base_url"], own_key["api_key"]) == (DEFAULT_BASE_URL, "k")
    assert values(theirs, base_url="http://said:1")["api_key"] is None


JUNK = ["junk\u00e9\u4e2d", "a/b\x01", " ", "-1", "{}"]


@pytest.mark.parametrize("prefix", ["RUNWAKE_", "WANDB_"])
@pytest.mark.parametrize("text", ["", *JUNK])
def test_no_value_of_a_variable_ever_raises(prefix: str, text: str) -> None:
    environment = {
        variable: text
        for setting in CLIENT_SETTINGS
        for variable in setting.env
        if variable.startswith(prefix)
    }

    resolved = resolve_client({}, environment)

    assert set(resolved.values) == {setting.name for setting in CLIENT_SETTINGS}
    assert resolved.values["mode"] == "online"
    assert bool(resolved.warnings) == bool(text)
    assert all(line.startswith(prefix) and "is ignored" in line for line in resolved.warnings)


@pytest.mark.parametrize(
    ("explicit", "message"),
    [
        ({"mode": "onlin"}, "mode='onlin': expected one of online, offline, disabled"),
        ({"resume": "maybe"}, "resume='maybe': expected one of never, allow, must, auto"),
        ({"base_url": "localhost:8080"}, "base_url='localhost:8080': expected an address such as"),
        ({"finish_timeout": "soon"}, "finish_timeout='soon': expected a number of seconds"),
        ({"project": "a/b"}, r"^project='a/b' contains /: allowed are 1 to 128 characters"),
        ({"run_id": "a/b"}, r"^id='a/b' contains /"),
        ({"entity": ""}, "entity='' is not a valid name"),
        ({"tags": 3}, r"tags must be a list of strings, got 3 \(int\)"),
        ({"tags": ["x" * 65]}, "a tag has 1 to 64 characters"),
        ({"run_group": 1}, r"group must be a string, got 1 \(int\)"),
    ],
)
def test_a_bad_argument_is_refused_by_name_and_value(
    explicit: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        resolve_client(explicit, {})


@pytest.mark.parametrize(
    ("given", "meant"), [(True, "auto"), (False, "never"), ("allow", "allow"), ("must", "must")]
)
def test_resume_takes_words_and_booleans(given: Any, meant: str) -> None:
    assert values({}, resume=given)["resume"] == meant


def test_tags_come_as_text_or_list_each_once() -> None:
    assert values({"RUNWAKE_TAGS": "a, b,,a"})["tags"] == ["a", "b"]
    assert values({}, tags=("x", "y", "x"))["tags"] == ["x", "y"]


def test_every_setting_has_a_sentence_and_both_variables() -> None:
    for setting in CLIENT_SETTINGS:
        assert setting.help.endswith(".")
        assert [name.split("_")[0] for name in setting.env] == ["RUNWAKE", "WANDB"]
