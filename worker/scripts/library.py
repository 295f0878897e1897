"""Builds the libraries of a recipe, offline: foreign code. Each is installed under the prefix, where the next one finds it.

The task comes as JSON in WHEELWRIGHT_TASK or in the file named there; there is no report: what is under the prefix counts.
"""

import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cpu
import environment
from environment import ENVIRONMENT
from task import read_task

WORK = pathlib.Path("/build/tmp/libraries")


def say(text):
    print(f"[wheelwright] build: {text}", flush=True)


def unpack(archive, folder):
    """Returns the folder to build in: the archive's one top folder, where it has one."""
    folder.mkdir()
    shutil.unpack_archive(archive, folder, **({} if archive.endswith(".zip") else {"filter": "data"}))
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def main():
    task = read_task()
    prefix = task["prefix"]
    os.umask(0o022)
    WORK.mkdir()
    # A library may need newer build tools than the image has, as the project does: CMake and meson are Python packages too.
    environment.make(task["wheels"])
    cpu.wrap_compilers(task["arch"], None, os.environ["PATH"])
    os.environ.update(
        PREFIX=prefix,
        PATH=f"{cpu.WRAPPERS}:{prefix}/bin:{ENVIRONMENT}/bin:{os.environ['PATH']}",
        CPATH=f"{prefix}/include",
        LIBRARY_PATH=f"{prefix}/lib",
        LD_LIBRARY_PATH=f"{prefix}/lib",
        PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig:{prefix}/share/pkgconfig",
        CMAKE_PREFIX_PATH=prefix,
    )
    for number, library in enumerate(task["libraries"]):
        name = pathlib.Path(library["file"]).name
        try:
            folder = unpack(library["file"], WORK / f"library-{number}")
        except (shutil.ReadError, ValueError) as error:
            return f"{name} is no archive that can be unpacked: {error}"
        script = WORK / f"library-{number}.sh"
        script.write_text(library["install"], "utf-8")
        say(f"building the library {name}")
        done = subprocess.run(["/bin/sh", "-e", script], cwd=folder)
        if done.returncode != 0:
            return f"the recipe's script that installs {name} ended with exit status {done.returncode}"
    cpu.NOTES.unlink(missing_ok=True)
    shutil.rmtree(WORK)


if __name__ == "__main__":
    sys.exit(main())
