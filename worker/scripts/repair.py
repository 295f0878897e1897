"""Makes a wheel self-contained and its tag true; no network, no foreign code.

The task comes as JSON in WHEELWRIGHT_TASK or in the file named there, the report goes to /build/reports/repair.json:
{"kind": "repaired" | "pure", "wheel": "/build/...whl", "grafted": [soname], "needs": [{"soname", "by"}],
 "requires": [Requires-Dist that applies here], "modules": [...], "native": [...]}
{"kind": "fallback"}    the wheel has a platform tag and nothing compiled in it
{"kind": "bad-wheel" | "refused", "message": "..."}
"""

import contextlib
import fnmatch
import io
import json
import os
import pathlib
import re
import runpy
import shutil
import sys
import tempfile
import traceback
import zipfile
from email.parser import BytesParser

from auditwheel.architecture import Architecture
from auditwheel.libc import Libc
from auditwheel.policy import WheelPolicies
from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from packaging.requirements import InvalidRequirement, Requirement

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from task import read_task

REPAIRED = pathlib.Path("/build/repaired")
GLIBC = re.compile(
    r"(?:lib(?:c|m|dl|rt|pthread|util|resolv|anl|mvec|nss_\w+|BrokenLocale|thread_db)\.so(?:\.\d+)*|ld-linux[\w.-]*\.so\.\d+|ld64\.so\.\d+)$"
)


class Refused(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def say(text):
    print(f"[wheelwright] repair: {text}", flush=True)


def libraries(wheel):
    """Each ELF file of the wheel with its soname, what it needs, and the versions of the symbols that it needs from there."""
    found = []
    for info in wheel.infolist():
        with wheel.open(info) as file:
            if file.read(4) != b"\x7fELF":
                continue
        try:
            elf = ELFFile(io.BytesIO(wheel.read(info)))
            sections = list(elf.iter_sections())
            tags = [tag for section in sections if isinstance(section, DynamicSection) for tag in section.iter_tags()]
            versions = [
                (provider.name, version.name)
                for section in sections
                if isinstance(section, GNUVerNeedSection)
                for provider, wanted in section.iter_versions()
                for version in wanted
            ]
        except ELFError as error:
            raise Refused("bad-wheel", f"{info.filename} is a broken ELF file: {error}") from None
        found.append(
            {
                "path": info.filename,
                "sonames": [tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"],
                "needed": [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"],
                "versions": versions,
            }
        )
    return found


def needs(found):
    """What the consuming system must bring, glibc aside."""
    own = {name for library in found for name in [*library["sonames"], library["path"].rsplit("/", 1)[-1]]}
    result = {}
    for library in found:
        for soname in library["needed"]:
            if soname not in own and not GLIBC.match(soname):
                result.setdefault(soname, library["path"])
    return [{"soname": soname, "by": by} for soname, by in sorted(result.items())]


def dist_info(wheel, name):
    members = [member for member in wheel.namelist() if re.fullmatch(rf"[^/]+\.dist-info/{name}", member)]
    if len(members) != 1:
        raise Refused("bad-wheel", f"the wheel has {len(members)} files {name} in .dist-info where it must have one")
    return wheel.read(members[0])


def modules(wheel):
    """Importable names at the top level, and compiled modules anywhere."""
    top, native = set(), set()
    for path in wheel.namelist():
        path = re.sub(r"^[^/]+\.data/(?:purelib|platlib)/", "", path)
        parts = path.split("/")
        if any(part.endswith((".dist-info", ".data", ".libs")) for part in parts[:-1]):
            continue
        module = re.fullmatch(r"(\w+)(?:\.(?:cpython-|abi3|pypy)[\w.-]*)?\.(?:so)|(\w+)\.py", parts[-1])
        if module is None or not all(part.isidentifier() for part in parts[:-1]):
            continue
        name = module[1] or module[2]
        if parts[-1].endswith(".so"):
            native.add(".".join([*parts[:-1], *([] if name == "__init__" else [name])]))
        if len(parts) == 1:
            top.add(name)
        elif len(parts) == 2 and name == "__init__":
            top.add(parts[0])
    return sorted(top), sorted(name for name in native if name)


def applies(text):
    try:
        marker = Requirement(text).marker
    except InvalidRequirement as error:
        raise Refused("bad-wheel", f"the wheel requires {text!r}, which is no requirement (PEP 508): {error}") from None
    return marker is None or marker.evaluate({"extra": ""})


def check_tag(found, needed, task):
    """
    Whether the tag is true of what came out, by auditwheel's own list of policies: it takes --plat as given when nothing contradicts, and judges before it grafts.
    Asking `auditwheel show` would read every symbol of every library once more, which takes as long as the repair.
    """
    libc = Libc.MUSL if task["policy"].startswith("musl") else Libc.GLIBC
    policies = WheelPolicies(libc=libc, arch=Architecture(task["arch"]))
    policy = policies.get_policy_by_name(f"{task['policy']}_{task['arch']}")
    versions = {}
    for library in found:
        for soname, version in library["versions"]:
            if not soname.startswith("ld-linux"):
                versions.setdefault(soname, set()).add(version)
    oldest = policies.versioned_symbols_policy(versions)
    say(f"it runs on {oldest.name} and newer")
    if oldest < policy:
        raise Refused("refused", f"the wheel needs {oldest.name}, which is newer than {policy.name}")
    allowed = [*policy.whitelist, *task["exclude"]]
    for need in needed:
        if not any(fnmatch.fnmatch(need["soname"], pattern) for pattern in allowed):
            raise Refused("refused", f"{need['by']} needs {need['soname']}, which {policy.name} does not promise and which is not in the wheel")


def describe(path, task):
    with zipfile.ZipFile(path) as wheel:
        found = libraries(wheel)
        needed = needs(found)
        if found:
            check_tag(found, needed, task)
        metadata = BytesParser().parsebytes(dist_info(wheel, "METADATA"))
        grafted = [library["path"].rsplit("/", 1)[-1] for library in found if re.match(r"[^/]+\.libs/", library["path"])]
        top, native = modules(wheel)
    return {
        "wheel": str(path),
        "grafted": sorted(grafted),
        "needs": needed,
        "requires": [text for text in metadata.get_all("Requires-Dist") or [] if applies(text)],
        "modules": top,
        "native": native,
    }


class Tee(io.TextIOBase):
    """Writes to the log and remembers."""

    def __init__(self):
        self.told = ""

    def write(self, text):
        self.told += text
        return sys.__stdout__.write(text)

    def flush(self):
        sys.__stdout__.flush()


def run_module(module, arguments):
    """As `python -m` in this process, with its output in the log and returned: starting Python anew takes longer than repairing a small wheel."""
    tee = Tee()
    sys.argv = [module, *arguments]
    with contextlib.redirect_stdout(tee), contextlib.redirect_stderr(tee):
        try:
            runpy.run_module(module, run_name="__main__")
            code = 0
        except SystemExit as end:
            code = end.code or 0
        except Exception:
            traceback.print_exc()
            code = 1
    return code, [line for line in tee.told.splitlines() if line.strip()]


def graft(raw, task):
    """The wheel with its libraries in it, taken only when auditwheel says that it succeeded: it leaves the unrepaired one behind otherwise."""
    platform = f"{task['policy']}_{task['arch']}"
    folder = pathlib.Path(tempfile.mkdtemp(dir=REPAIRED))
    command = ["repair", "--plat", platform, "--only-plat", "--wheel-dir", str(folder)]
    for soname in task["exclude"]:
        command += ["--exclude", soname]
    # --ldpaths would replace the system's own folders.
    os.environ["AUDITWHEEL_LD_LIBRARY_PATH"] = ":".join(task["libraryPaths"])
    say(f"auditwheel makes the wheel self-contained for {platform}")
    code, lines = run_module("auditwheel", [*command, str(raw)])
    if code != 0:
        # It says what stands in the way, and not where.
        run_module("auditwheel", ["show", str(raw)])
        raise Refused("refused", lines[-1] if lines else f"auditwheel ended with exit status {code}")
    made = list(folder.iterdir())
    if len(made) != 1 or not made[0].name.endswith(f"-{platform}.whl"):
        raise Refused("refused", f"auditwheel made {[path.name for path in made]} where one wheel for {platform} was asked for")
    return made[0]


def tag_build(path, number):
    if number is None:
        return path
    code, lines = run_module("wheel", ["tags", "--remove", "--build", str(number), str(path)])
    if code != 0 or not lines:
        raise Refused("bad-wheel", "the build number could not be put into the wheel's name")
    return path.parent / lines[-1].strip()


def repair(task):
    raw = pathlib.Path(task["wheel"])
    try:
        with zipfile.ZipFile(raw) as wheel:
            compiled = libraries(wheel)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise Refused("bad-wheel", f"{raw.name} cannot be read as a zip archive: {error}") from None
    # Before it grows by its libraries: the number means that all is packed anew.
    raw = tag_build(raw, task.get("buildTag"))
    if compiled:
        path = graft(raw, task)
        kind = "repaired"
    elif not raw.name.endswith("-any.whl"):
        return {"kind": "fallback"}
    else:
        say("the wheel is pure Python and stays as it is")
        path = pathlib.Path(shutil.copy(raw, tempfile.mkdtemp(dir=REPAIRED)))
        kind = "pure"
    report = describe(path, task)
    if report["grafted"]:
        say(f"grafted: {', '.join(report['grafted'])}")
    for need in report["needs"]:
        say(f"{need['by']} needs {need['soname']}, which the consuming image must bring")
    return {"kind": kind, **report}


def main():
    task = read_task()
    # What a recipe's own library installs as patchelf is not what auditwheel is to run.
    folders = os.environ["PATH"].split(":")
    os.environ["PATH"] = ":".join(folder for folder in folders if not folder.startswith(task["prefix"]))
    try:
        report = repair(task)
    except Refused as refusal:
        say(str(refusal))
        report = {"kind": refusal.kind, "message": str(refusal)}
    # Whatever the build may have put there.
    path = pathlib.Path("/build/reports/repair.json")
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(report))


if __name__ == "__main__":
    sys.exit(main())
