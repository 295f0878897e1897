"""Runs the sdist's own backend (PEP 517), offline: foreign code from here on.

The task comes as JSON in WHEELWRIGHT_TASK or in the file named there, the report goes to /build/reports/build.json:
{"kind": "built", "wheels": ["name.whl", ...]}
{"kind": "more-requirements", "requirements": [...]}    the backend asks for more than is there
{"kind": "incomplete"}    the kept environment cannot be used; nothing has run
{"kind": "cpu-bound", "message": "..."}    the wheel would not run on every processor of the level that it is for
"""

import hashlib
import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib
import zipfile

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller, HookMissing

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cpu
import environment
from environment import ENVIRONMENT, PYTHON
from task import read_task

SOURCE = pathlib.Path("/build/src")
OUT = pathlib.Path("/build/out")
PREPARED = pathlib.Path("/build/state/prepared")
ARTIFACTS = pathlib.Path("/inputs/maven")
# Where meson-python has it by itself, but for its name: what a project writes relative to it (`-I../include`) is found there only.
MESON = SOURCE / ".mesonpy-build"


def say(text):
    print(f"[wheelwright] build: {text}", flush=True)


def place_sources(sources):
    for source in sources:
        if "to" not in source:
            continue
        target = SOURCE / source["to"]
        if not target.resolve().is_relative_to(SOURCE):
            raise SystemExit(f"the recipe puts a source outside of the unpacked sdist: {source['to']}")
        fetched = source["file"]
        say(f"placing {pathlib.Path(fetched).name} at {source['to']}")
        if any(fetched.endswith(suffix) for _, suffixes, _ in shutil.get_unpack_formats() for suffix in suffixes):
            target.mkdir(parents=True, exist_ok=True)
            is_zip = fetched.endswith(".zip")
            shutil.unpack_archive(fetched, target, **({} if is_zip else {"filter": "data"}))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fetched, target)


def offer_artifacts():
    """To Maven, which also writes into its repository."""
    if any(ARTIFACTS.iterdir()):
        maven = pathlib.Path.home() / ".m2"
        shutil.copytree(ARTIFACTS, maven / "repository")
        (maven / "settings.xml").write_text("<settings><offline>true</offline></settings>\n")


def prepare(task):
    """Once for each attempt, however often the backend asks for more."""
    if PREPARED.exists():
        return
    place_sources(task["sources"])
    offer_artifacts()
    if task.get("prepare"):
        say("running the recipe's prepare script")
        # No argument holds more than 128 KiB.
        script = pathlib.Path("/build/state/prepare.sh")
        script.write_text(task["prepare"], "utf-8")
        path = f"{ENVIRONMENT}/bin:{os.environ['PATH']}"
        done = subprocess.run(["/bin/sh", "-e", script], cwd=SOURCE, env={**os.environ, "PATH": path, **task["environment"]})
        if done.returncode != 0:
            raise SystemExit(f"the recipe's prepare script ended with exit status {done.returncode}")
    PREPARED.touch()


def place_environment(kept, wheels):
    if kept is None:
        environment.make(wheels)
    else:
        environment.take(pathlib.Path(kept["at"]), kept["key"])
        say(f"the {len(wheels)} build requirements are installed already")


def offer_bytecode():
    """Of the standard library, as the image has it: bytecode of a build is looked for apart from the sources, and would be made anew in each attempt."""
    library = pathlib.Path(os.__file__).parent
    if environment.bytecode_of(library).exists():
        return
    for folder, folders, _ in os.walk(library):
        folders[:] = [name for name in folders if name not in ("test", "tests", "site-packages")]
        if not folder.endswith("/__pycache__"):
            continue
        target = environment.bytecode_of(pathlib.Path(folder).parent)
        target.mkdir(parents=True, exist_ok=True)
        for file in os.scandir(folder):
            if ".opt-" not in file.name:
                os.symlink(file.path, target / file.name)


def cache_compilers(max_bytes):
    """Returns what runs a compiler, so that what it made from the same text before need not be made again."""
    ccache = shutil.which("ccache")
    if max_bytes is None or ccache is None:
        return []
    os.environ.update(
        CCACHE_DIR="/cache/ccache",
        CCACHE_MAXSIZE=f"{max_bytes // 1024}Ki",
        # An update of the distribution changes the compilers' bytes, and not always their dates. Looked at once, not by each compilation.
        CCACHE_COMPILERCHECK=f"string:{digest_of_tools()}",
        # By the headers that the compiler says it read: to run the preprocessor first takes as long again as compiling a small file.
        CCACHE_DEPEND="1",
        CCACHE_SLOPPINESS="include_file_ctime,include_file_mtime",
    )
    # meson puts any ccache that it finds before the wrappers, which must see every flag.
    cpu.write("ccache", f'#!/bin/sh\ncase $1 in -*) exec {ccache} "$@" ;; esac\nexec "$@"\n')
    return [ccache]


def digest_of_tools():
    """Of the compilers' drivers and the assembler; what stands behind a driver is of its package."""
    digest = hashlib.sha256()
    for name in ["gcc", "g++", "gfortran", "clang", "as"]:
        path = shutil.which(name)
        if path is not None:
            digest.update(pathlib.Path(path).read_bytes())
    return digest.hexdigest()


def fixed_folders(build_backend, given):
    """
    Config settings that keep a backend from building in a folder of a random name, by which neither caches nor people find anything again; `given`: the
    recipe's, which decide.
    """
    os.environ.setdefault("SKBUILD_BUILD_DIR", "/build/state/skbuild")
    # meson-python before 0.15, which many a release pins, refuses the newer name `build-dir`; every version takes this one, but not both.
    return {"builddir": str(MESON)} if build_backend == "mesonpy" and "build-dir" not in given else {}


def missing(requirements):
    (site,) = (ENVIRONMENT / "lib").glob("python3*/site-packages")
    installed = {canonicalize_name(found.name): found.version for found in importlib.metadata.distributions(path=[str(site)])}

    def satisfied(text):
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            return True
        version = installed.get(canonicalize_name(requirement.name))
        return version is not None and requirement.specifier.contains(version, prereleases=True)

    return [text for text in requirements if not satisfied(text)]


def backend():
    pyproject = SOURCE / "pyproject.toml"
    table = tomllib.loads(pyproject.read_text("utf-8")).get("build-system", {}) if pyproject.is_file() else {}
    return BuildBackendHookCaller(
        str(SOURCE),
        table.get("build-backend", "setuptools.build_meta:__legacy__"),
        backend_path=table.get("backend-path"),
        python_executable=str(PYTHON),
        runner=run_hook,
    )


def run_hook(command, cwd=None, extra_environ=None):
    subprocess.run(command, cwd=cwd, env={**os.environ, **(extra_environ or {})}, check=True)


def build(task):
    os.umask(0o022)
    place_environment(task["kept"], task["wheels"])
    offer_bytecode()
    prepare(task)
    cpu.wrap_compilers(task["arch"], task["cpu"], os.environ["PATH"], cache_compilers(task["cacheBytes"]), "/build/state/headers")
    os.environ["VIRTUAL_ENV"] = str(ENVIRONMENT)
    os.environ["PATH"] = f"{cpu.WRAPPERS}:{ENVIRONMENT}/bin:{os.environ['PATH']}"
    # Not for the tools above, which must find their own.
    os.environ.update(task["environment"])
    hooks = backend()
    settings = {**fixed_folders(hooks.build_backend, task["configSettings"]), **task["configSettings"]}
    say(f"asking {hooks.build_backend} what else it requires")
    decided = {canonicalize_name(Requirement(text).name) for text in task["decided"]}
    asked = hooks.get_requires_for_build_wheel(settings)
    wanted = missing(text for text in asked if canonicalize_name(Requirement(text).name) not in decided)
    if wanted:
        say(f"it requires {', '.join(wanted)}")
        return {"kind": "more-requirements", "requirements": wanted}
    say(f"{hooks.build_backend} builds the wheel")
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(exist_ok=True)
    hooks.build_wheel(str(OUT), settings)
    made = sorted(OUT.iterdir())
    for wheel in filter(zipfile.is_zipfile, made):
        cpu.check(wheel, task["arch"], task["cpu"], say)
    return {"kind": "built", "wheels": [path.name for path in made]}


def tell_of_command():
    """What a command said at which meson gave up: meson itself tells it to a file."""
    log = MESON / "meson-logs" / "meson-log.txt"
    text = log.read_text("utf-8", "replace") if log.is_file() else ""
    said, gave_up, _ = text.rpartition("ERROR: Command `")
    if gave_up:
        print(*said.rpartition("Running command: ")[2].splitlines()[-100:], sep="\n")


def main():
    try:
        report = build(read_task())
    except BackendUnavailable as error:
        print(error.traceback, file=sys.stderr)
        return f"the build backend cannot be loaded: {error.backend_name}"
    except HookMissing as error:
        return f"the build backend has no {error.hook_name} hook (PEP 517)"
    except InvalidRequirement as error:
        return f"the build backend asks for something that is no requirement (PEP 508): {error}"
    except environment.Incomplete:
        report = {"kind": "incomplete"}
    except cpu.CpuBound as error:
        report = {"kind": "cpu-bound", "message": str(error)}
    except subprocess.CalledProcessError as error:
        tell_of_command()
        return f"the build backend ended with exit status {error.returncode}"
    pathlib.Path("/build/reports/build.json").write_text(json.dumps(report))


if __name__ == "__main__":
    sys.exit(main())
