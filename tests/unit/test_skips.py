"""Tests of a missing service are skipped by name, or fail where skips are forbidden."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent.parent / "conftest.py"
TESTS = """
import pytest

@pytest.fixture
def browser():
    pytest.skip("chromium is not installed here: apt-get install chromium")

def test_of_a_browser(browser):
    pass

def test_that_skips_itself():
    pytest.skip("not today")

@pytest.mark.xfail(strict=True)
def test_that_is_expected_to_fail():
    assert False
"""


@pytest.fixture
def machine(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A machine that lacks a service, with our conftest and some tests."""
    monkeypatch.delenv("RUNWAKE_FORBID_SKIPS", raising=False)
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makepyfile(TESTS)
    return pytester


def test_a_skip_is_a_skip_unless_it_is_forbidden(
    machine: pytest.Pytester,
) -> None:
    result = machine.runpytest_inprocess("-rs", "-p", "no:randomly")

    result.assert_outcomes(skipped=2, xfailed=1)


def test_where_skips_are_forbidden_each_is_a_failure_that_keeps_its_reason(
    machine: pytest.Pytester,
) -> None:
    result = machine.runpytest_inprocess("--forbid-skips", "-p", "no:randomly")

    result.assert_outcomes(failed=1, errors=1, xfailed=1)
    result.stdout.fnmatch_lines("*skips are forbidden in this run: *chromium is not installed*")


def test_the_environment_forbids_skips_too(
    machine: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNWAKE_FORBID_SKIPS", "1")

    machine.runpytest_inprocess().assert_outcomes(failed=1, errors=1, xfailed=1)


def test_a_module_that_skips_itself_is_an_error_where_skips_are_forbidden(
    machine: pytest.Pytester,
) -> None:
    machine.makepyfile('import pytest\npytest.skip("no", allow_module_level=True)\n')

    result = machine.runpytest_inprocess("--forbid-skips")

    result.assert_outcomes(errors=1)
