"""Environments of build requirements. As a script it makes one that is kept for all attempts with the same wheels: they are unpacked and compiled to bytecode, and
nothing of them runs, not even the `.pth` files that an interpreter of the environment would heed.

The task comes as JSON in WHEELWRIGHT_TASK or in the file named there: {"key": "...", "wheels": [{"path": "...", "sha256": "..."}], "jobs": 2}. There is no report:
the key stands in the folder once all is in it.
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import venv

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from digest import sha256
from task import read_task

ENVIRONMENT = pathlib.Path("/build/env")
PYTHON = ENVIRONMENT / "bin" / "python"
# Where a kept environment has its bytecode, by the sources' whole paths.
KEPT_BYTECODE = ENVIRONMENT / ".bytecode"
# Has the key, which no wheel can bring along: it is made of the wheels' digests.
COMPLETE = ".complete"


class Incomplete(Exception):
    """Of a kept environment that nobody finished, or that was removed in the moment in which it was wanted."""


def make(wheels):
    venv.EnvBuilder(symlinks=True, clear=True).create(ENVIRONMENT)
    if wheels:
        print(f"[wheelwright] build: installing {len(wheels)} build requirements", flush=True)
        subprocess.run(
            ["uv", "pip", "install", "--quiet", "--offline", "--no-index", "--no-deps", "--python", PYTHON, *wheels],
            check=True,
        )


def is_complete(folder, key):
    marker = folder / COMPLETE
    return marker.is_file() and marker.read_text("utf-8", "replace") == key


def take(kept, key):
    """Takes what is kept at `kept`: either it stands at its place already, or this attempt gets a copy of its own."""
    if not is_complete(kept, key):
        raise Incomplete
    if kept != ENVIRONMENT:
        venv.EnvBuilder().clear_directory(ENVIRONMENT)
        subprocess.run(["cp", "-a", f"{kept}/.", ENVIRONMENT], check=True)
    link = bytecode_of(ENVIRONMENT)
    if not link.is_symlink():
        shutil.rmtree(link, ignore_errors=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(KEPT_BYTECODE / ENVIRONMENT.relative_to("/"))


def bytecode_of(folder):
    """Where interpreters of the build look for the bytecode of what is in a folder."""
    return pathlib.Path(os.environ["PYTHONPYCACHEPREFIX"]) / folder.relative_to("/")


def compile_all(jobs):
    """As an interpreter would on import. Files that are no Python of this version are left out, and tests, which no build imports."""
    command = [sys.executable, "-s", "-P", "-m", "compileall", "-qq", "-j", str(jobs), "-x", r"/tests?/", "--invalidation-mode", "timestamp"]
    subprocess.run([*command, ENVIRONMENT / "lib"], env={**os.environ, "PYTHONPYCACHEPREFIX": str(KEPT_BYTECODE)}, stdout=subprocess.DEVNULL)


def main():
    task = read_task()
    os.umask(0o022)
    # Ends with the process that holds it, however that ends.
    fcntl.flock(os.open(ENVIRONMENT, os.O_RDONLY), fcntl.LOCK_EX)
    if is_complete(ENVIRONMENT, task["key"]):
        return
    try:
        keep(task)
    except BaseException:
        # Above all where the disk is full.
        venv.EnvBuilder().clear_directory(ENVIRONMENT)
        raise


def checked(wheel):
    """The key promises these bytes to all who have it."""
    path, expected = wheel["path"], wheel["sha256"]
    if sha256(path) != expected:
        raise OSError(f"{path} has not the sha256 {expected}")
    return path


def keep(task):
    # On the same volume, so that what is unpacked there need not be copied.
    unpacked = ENVIRONMENT / ".unpacked"
    os.environ["UV_CACHE_DIR"] = str(unpacked)
    make([checked(wheel) for wheel in task["wheels"]])
    shutil.rmtree(unpacked)
    compile_all(task["jobs"])
    # A machine that goes down must not leave the key and files without their content.
    os.sync()
    marker = ENVIRONMENT / COMPLETE
    written = marker.with_suffix(".new")
    written.write_text(task["key"])
    written.rename(marker)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"the environment of the build requirements could not be kept: {error}")
