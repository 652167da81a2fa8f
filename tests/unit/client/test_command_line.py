"""What the command line says to mistakes."""

from __future__ import annotations

from click.testing import CliRunner

from runwake.cli import cli


def test_a_mistyped_command_is_told_which_one_was_meant() -> None:
    result = CliRunner().invoke(cli, ["serve"])

    assert result.exit_code == 2
    assert "No such command 'serve'. Did you mean 'server'?" in result.output


def test_a_command_that_is_like_none_is_only_refused() -> None:
    result = CliRunner().invoke(cli, ["frobnicate"])

    assert result.exit_code == 2
    assert "Did you mean" not in result.output
