from __future__ import annotations

from pathlib import Path

import pytest

from runwake.sdk.provenance import GitState, mask_arguments, read_git, strip_credentials

COMMIT = "a" * 40


@pytest.mark.parametrize(
    ("args", "masked"),
    [
        (["--token=abc"], ["--token=***"]),
        (["--hf-token", "abc", "x"], ["--hf-token", "***", "x"]),
        (["-auth", "abc"], ["-auth", "***"]),
        (["api_key=abc", "lr=1"], ["api_key=***", "lr=1"]),
        (["wandb.api_key=abc"], ["wandb.api_key=***"]),
        (["--PASSWORD=abc", "--aws-secret-access-key", "s"], None),
        (["--secret", "--other"], ["--secret", "--other"]),
        (["--url=https://user:pw@host/x"], ["--url=https://host/x"]),
        (["https://user:pw@host/x?to=a@b"], ["https://host/x?to=a@b"]),
        (["--max-tokens=100", "--monkey=7", "token"], ["--max-tokens=100", "--monkey=7", "token"]),
        (["a@b.c", "plain"], ["a@b.c", "plain"]),
    ],
)
def test_arguments_that_look_like_secrets_are_masked(
    args: list[str], masked: list[str] | None
) -> None:
    got = mask_arguments(args)

    assert got == (masked or ["--PASSWORD=***", "--aws-secret-access-key", "***"])


def test_credentials_are_cut_out_of_every_url() -> None:
    assert (
        strip_credentials("a http://u@h/1 and ssh://git:k@h:22/2")
        == "a http://h/1 and ssh://h:22/2"
    )
    assert strip_credentials("git@github.com:a/b") == "git@github.com:a/b"


def make_repository(folder: Path) -> Path:
    git = folder / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "config").write_text(
        '[core]\n\tbare = false\n[remote "up"]\n\turl = https://up/x\n'
        '[remote "origin"]\n\turl = https://me:pw@host/x.git\n'
    )
    return git


def test_commit_and_remote_are_read_from_the_repository_around(tmp_path: Path) -> None:
    git = make_repository(tmp_path)
    (git / "refs" / "heads" / "main").write_text(COMMIT + "\n")
    (tmp_path / "src").mkdir()

    assert read_git(tmp_path / "src") == GitState(COMMIT, "https://host/x.git")


def test_packed_references_and_detached_heads_are_read(tmp_path: Path) -> None:
    git = make_repository(tmp_path)
    (git / "packed-refs").write_text(f"# pack-refs\n{COMMIT} refs/heads/main\n")
    assert read_git(tmp_path).commit == COMMIT

    (git / "HEAD").write_text("b" * 40 + "\n")
    assert read_git(tmp_path).commit == "b" * 40


def test_a_linked_worktree_finds_its_repository(tmp_path: Path) -> None:
    git = make_repository(tmp_path / "main")
    (git / "refs" / "heads" / "main").write_text(COMMIT)
    linked = git / "worktrees" / "w"
    linked.mkdir(parents=True)
    (linked / "HEAD").write_text("ref: refs/heads/main")
    (linked / "commondir").write_text("../..\n")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / ".git").write_text(f"gitdir: {linked}\n")

    assert read_git(tmp_path / "w") == GitState(COMMIT, "https://host/x.git")


def test_broken_and_empty_repositories_say_nothing(tmp_path: Path) -> None:
    make_repository(tmp_path)
    assert read_git(tmp_path).commit is None

    (tmp_path / ".git" / "HEAD").unlink()
    assert read_git(tmp_path) == GitState(None, None)
