"""Tries a wheel in the clean image: foreign code, no network, no compiler. Runs with the clean image's own interpreter.

The task comes as JSON in WHEELWRIGHT_TASK or in the file named there, the report goes to /test/reports/test.json:
{"kind": "passed"}
{"kind": "missing-libraries", "missing": [{"soname", "by"}]}
{"kind": "failed", "message": "...", "imported": [...], "broken": [...]}    which modules import and which do not, where that is the reason
"""

import ctypes
import fnmatch
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import venv
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from task import read_task

ENVIRONMENT = pathlib.Path("/test/env")
PYTHON = str(ENVIRONMENT / "bin" / "python")
FILES = pathlib.Path("/test/tmp")

# Runs in the new environment. One module that fails does not hide the next.
IMPORT = """
import importlib, json, sys, traceback
task = json.load(open(sys.argv[1], encoding="utf-8"))
failed, good, passed_over = [], [], []
for name in task["modules"]:
    sys.stdout.write(f"[wheelwright] test: import {name}\\n")
    sys.stdout.flush()
    try:
        importlib.import_module(name)
        good.append(name)
    except ModuleNotFoundError as error:
        # An optional part of the package that needs something which the wheel does not require.
        foreign = error.name is not None and error.name.split(".")[0] not in task["own"]
        if not task["strict"] and foreign:
            print(f"[wheelwright] test: {name} needs {error.name}, which the wheel does not require: passed over")
            passed_over.append(error)
        else:
            traceback.print_exc()
            failed.append(name)
    except BaseException as error:
        lenient = not task["strict"] and isinstance(error, ImportError)
        # A library for ctypes or a plugin, which only looks like a module.
        if lenient and "module export function" in str(error):
            print(f"[wheelwright] test: {name} is a library and no module of Python: passed over")
        # A part that counts on being imported by another one; what is broken in any order breaks the package's own import as well.
        elif lenient and "." in name and "partially initialized module" in str(error):
            print(f"[wheelwright] test: {name} does not import on its own ({error}): passed over")
        else:
            traceback.print_exc()
            failed.append(name)
    sys.stderr.flush()
json.dump({"imported": good, "broken": failed}, open(sys.argv[2], "w", encoding="utf-8"))
if failed:
    sys.exit(f"these modules do not import in the clean image: {', '.join(failed)}")
if task["modules"] and not good:
    # None of them was an optional part, then.
    for error in passed_over[:1]:
        traceback.print_exception(error)
    sys.exit("not one module of the wheel imports in the clean image")
"""
NOT_PART = {"test", "tests", "testing", "conftest", "setup", "docs", "doc", "examples", "benchmarks", "scripts", "tools"}


def say(text):
    print(f"[wheelwright] test: {text}", flush=True)


def missing_libraries(needs, excluded):
    """All at once: an import error names one library at a time."""
    missing = []
    for need in needs:
        if any(fnmatch.fnmatch(need["soname"], pattern) for pattern in excluded):
            continue
        try:
            ctypes.CDLL(need["soname"])
        except OSError as error:
            say(f"{need['by']} needs {need['soname']}, and the clean image lacks it: {error}")
            missing.append(need)
    return missing


def install(wheels):
    venv.EnvBuilder(symlinks=True, clear=True).create(ENVIRONMENT)
    names = ", ".join(pathlib.Path(wheel).name for wheel in wheels)
    say(f"pip install --no-index {names}")
    # As pip --python would run itself, without loading pip twice.
    pip = os.path.dirname(importlib.util.find_spec("pip").origin)
    command = [PYTHON, "-I", pip, "install", "--no-index", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-compile", "--quiet", *wheels]
    return subprocess.run(command).returncode


def is_below(name, skipped):
    return any(f"{name}.".startswith(f"{module}.") for module in skipped)


def orders(own, together):
    """Whoever loads a shared library first decides for both, so both orders are tried, each in a process of its own."""
    others = [name for wheel in together for name in native_modules(wheel)]
    return [[*others, *own], [*own, *others]] if others else [[]]


def native_modules(wheel):
    with zipfile.ZipFile(wheel) as archive:
        paths = [pathlib.PurePosixPath(name) for name in archive.namelist() if name.endswith(".so")]
    return sorted(".".join([*path.parent.parts, path.name.split(".")[0]]) for path in paths if not path.parts[0].endswith((".libs", ".data")))


def ended(code):
    return f"ended by signal {-code}" if code < 0 else f"ended with exit status {code}"


def test(task):
    missing = missing_libraries(task["needs"], task["excluded"])
    if missing:
        return {"kind": "missing-libraries", "missing": missing}
    code = install(task["wheels"])
    if code != 0:
        return {"kind": "failed", "message": f"pip {ended(code)}"}
    if task["imports"] is not None:
        modules, strict = task["imports"], True
    else:
        names = dict.fromkeys([*task["modules"], *task["native"]])
        modules = [name for name in names if name.split(".")[0] not in NOT_PART and not is_below(name, task["skip"])]
        strict = False
    # Files: no argument holds more than 128 KiB.
    to_import, imported = FILES / "modules.json", FILES / "imported.json"
    to_import.write_text(json.dumps({"modules": modules, "strict": strict, "own": task["modules"]}), "utf-8")
    os.chdir("/test/home")
    code = subprocess.run([PYTHON, "-I", "-X", "faulthandler", "-c", IMPORT, to_import, imported]).returncode
    if code != 0:
        found = json.loads(imported.read_text("utf-8")) if imported.is_file() else {}
        return {**found, "kind": "failed", "message": f"importing what the wheel brings {ended(code)}"}
    for order in orders(task["imports"] or task["native"], task["together"]):
        if not order and not task.get("script"):
            continue
        after = f" after importing {', '.join(order)}" if order else ""
        say(f"running the recipe's test{after}")
        script = FILES / "recipe_test.py"
        script.write_text("".join(f"import {name}\n" for name in order) + (task.get("script") or ""), "utf-8")
        code = subprocess.run([PYTHON, "-I", "-X", "faulthandler", script]).returncode
        if code != 0:
            return {"kind": "failed", "message": f"the recipe's test{after} {ended(code)}"}
    return {"kind": "passed"}


def main():
    report = test(read_task())
    if report["kind"] == "failed":
        say(report["message"])
    pathlib.Path("/test/reports/test.json").write_text(json.dumps(report))


if __name__ == "__main__":
    sys.exit(main())
