"""Runs with a network and without foreign code: reads what the unpacked sdist asks for, and fetches it as wheels.

The task comes as JSON in WHEELWRIGHT_TASK or in the file named there, the report goes to task["report"]:
{"kind": "fetched", "requirements": [...], "sourceDateEpoch": N, "wheels": [{"name", "version", "filename", "sha256", "sizeBytes"}], "toolchainSources": [...]}
{"kind": "unresolved", "lacking": ["name==1.0", ...], "message": "..."}    what has no wheel, where that is the reason
{"kind": "bad-source", "message": "..."}
{"kind": "sources-failed"}    the words of cargo, go or Maven are in the log
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib
import types
import urllib.parse
import urllib.request

from packaging.pylock import PackageWheel, Pylock
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import toolchain_sources
from digest import sha256
from download import download
from task import read_task

SOURCE = pathlib.Path("/build/src")
SHARED = pathlib.Path("/inputs/shared")
EARLIEST_ZIP_TIME = 315532800  # 1980-01-01, before which a zip archive cannot say when
NO_WHEEL = re.compile(
    r"(?:all versions of )?([A-Za-z0-9][\w.-]*)((?:[=<>!~]=?[^\s,]+,?)*) (?:has|have) no (?:usable wheels|wheels with)"
    r"|([A-Za-z0-9][\w.-]*) was not found in the package registry"
    r"|there (?:is|are) no versions? of ([A-Za-z0-9][\w.-]*)((?:[=<>!~]=?[^\s,]+,?)*)"
)
TOO_NEW = re.compile(r"`([\w.-]+)` was filtered by `exclude-newer`")


class BadSource(Exception):
    pass


def say(text):
    print(f"[wheelwright] {text}", flush=True)


def apply_patches(folder):
    for patch in sorted(pathlib.Path(folder).glob("*.patch")):
        say(f"fetch: applying patch {patch.name} of the recipe")
        # --unified: a diff in ed's form would be a script.
        done = subprocess.run(
            ["patch", "--unified", "--strip=1", "--forward", "--no-backup-if-mismatch", f"--input={patch}"],
            cwd=SOURCE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0:
            raise BadSource(f"{patch.name} of the recipe does not apply to this sdist")


def declared_requirements():
    """What the sdist declares (PEP 518); without a declaration, what pip assumes."""
    pyproject = SOURCE / "pyproject.toml"
    if not pyproject.is_file():
        if not (SOURCE / "setup.py").is_file():
            raise BadSource("the sdist has neither pyproject.toml nor setup.py: there is nothing that builds it")
        return ["setuptools>=40.8.0", "wheel"]
    try:
        table = tomllib.loads(pyproject.read_text("utf-8")).get("build-system")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSource(f"pyproject.toml cannot be read: {error}") from None
    if table is None:
        return ["setuptools>=40.8.0", "wheel"]
    requires = table.get("requires") if isinstance(table, dict) else None
    if not isinstance(requires, list) or not all(isinstance(item, str) for item in requires):
        raise BadSource("pyproject.toml has a [build-system] table without a list of strings as requires (PEP 518)")
    return requires


def newest_time():
    times = [os.lstat(os.path.join(folder, name)).st_mtime for folder, _, names in os.walk(SOURCE) for name in names]
    return max([EARLIEST_ZIP_TIME, *map(int, times)])


def check(requirements):
    for text in requirements:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            raise BadSource(f"the build requirement {text!r} is not a requirement (PEP 508): {error}") from None


# Out of the environment: cargo, go and Maven, which read what a project wrote, have no use for it.
INDEX_TOKEN = os.environ.pop("INDEX_TOKEN", None)


def with_login(url):
    return url if INDEX_TOKEN is None else url.replace("://", f"://__token__:{urllib.parse.quote(INDEX_TOKEN)}@", 1)


def request_for(url, index_host):
    """The index has all files on its own origin, so that no other host ever gets the token."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    headers = {"Authorization": f"Bearer {INDEX_TOKEN}"} if INDEX_TOKEN is not None and host == index_host else {}
    return urllib.request.Request(parts._replace(netloc=host).geturl(), headers=headers)


def resolve(requirements, task):
    """Returns a lock of exactly one wheel for each package, or what uv had to say."""
    work = pathlib.Path("/tmp/resolve")
    work.mkdir()
    (work / "requirements.in").write_text("".join(f"{line}\n" for line in requirements))
    shared = [f"{wheel['project']} @ {(SHARED / wheel['filename']).as_uri()}" for wheel in task["shared"]]
    (work / "constraints.in").write_text("".join(f"{line}\n" for line in [*task.get("constraints", []), *shared]))
    command = ["uv", "pip", "compile", "requirements.in", "--constraints", "constraints.in", "--quiet", "--no-header"]
    command += ["--only-binary", ":all:", "--index-url", with_login(task["indexUrl"]), "--python", task["python"]]
    command += ["--format", "pylock.toml", "--output-file", "pylock.toml", "--no-python-downloads"]
    if task.get("asOf"):
        command += ["--exclude-newer", task["asOf"]]
    newer = set()
    while True:
        done = subprocess.run(command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        outdated = set(TOO_NEW.findall(done.stdout)) - newer if done.returncode != 0 else set()
        if not outdated:
            break
        # A wheel that was built here is of today, whatever the age of its release; and some ask for what came after the date.
        newer |= outdated
        for name in sorted(outdated):
            say(f"{task['phase']}: {name} has no wheel of {task['asOf']} or before that will do: a later one is taken")
            command += ["--exclude-newer-package", f"{name}=false"]
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        return None, done.stdout
    return Pylock.from_dict(tomllib.loads((work / "pylock.toml").read_text())), ""


def lacking(message, requirements):
    """Packages without a wheel, in the words of whoever required them where those are known."""
    asked = {canonicalize_name(Requirement(text).name): Requirement(text) for text in requirements}
    found = {}
    for match in NO_WHEEL.finditer(re.sub(r"\s+", " ", message)):
        name = match[1] or match[3] or match[4]
        requirement = asked.get(canonicalize_name(name))
        specifier = str(requirement.specifier) if requirement is not None else (match[2] or match[5] or "")
        found.setdefault(canonicalize_name(name), f"{name}{specifier.rstrip(',')}")
    return list(found.values())


def fetch_wheel(wheel, destination, index_host):
    target = destination / wheel.filename
    expected = wheel.hashes.get("sha256")
    # Fetched in an earlier round.
    if expected is not None and target.exists() and sha256(target) == expected:
        return expected
    return download(request_for(wheel.url, index_host), target, expected)


def fetch_shared(wheels, index_host):
    """Wheels of ours that are to be used in place of any other of their projects."""
    SHARED.mkdir(exist_ok=True)
    for wheel in wheels:
        known = types.SimpleNamespace(filename=wheel["filename"], url=wheel["url"], hashes={"sha256": wheel["sha256"]})
        fetch_wheel(known, SHARED, index_host)


def place_shared(lock, wheels, destination):
    """Puts those that are wanted where the others are."""
    names = {package.name for package, _ in lock.select()}
    wanted = [wheel for wheel in wheels if wheel["project"] in names]
    for wheel in wanted:
        shutil.copy(SHARED / wheel["filename"], destination / wheel["filename"])
    return [{"name": wheel["project"], **{key: wheel[key] for key in ("version", "filename", "sha256")}} for wheel in wanted]


def fetch(lock, destination, without, index_host):
    chosen = [
        (package, artifact)
        for package, artifact in lock.select()
        if isinstance(artifact, PackageWheel) and package.name != without
    ]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(lambda pair: fetch_wheel(pair[1], destination, index_host), chosen))
    return [
        {"name": package.name, "version": str(package.version), "filename": wheel.filename, "sha256": digest}
        for (package, wheel), digest in zip(chosen, digests)
    ]


def run(task):
    report = {}
    if task.get("source"):
        apply_patches(task["patches"])
        declared = [] if task.get("replace") else declared_requirements()
        check(declared)
        requirements = [*declared, *task["requirements"]]
        report["sourceDateEpoch"] = newest_time()
        report["toolchainSources"] = toolchain_sources.fetch(task["toolchains"], SOURCE, task["prepare"], task["crates"])
    else:
        requirements = task["requirements"]
    report["requirements"] = requirements
    check(requirements)
    wheels = []
    if requirements:
        for_what = "testing the wheel" if task.get("wheel") else "building"
        say(f"{task['phase']}: resolving what {for_what} requires, as wheels only: {', '.join(requirements)}")
        to_resolve = list(requirements)
        if task.get("wheel"):
            to_resolve.append(f"{task['project']} @ {pathlib.Path(task['wheel']).as_uri()}")
        index_host = urllib.parse.urlsplit(task["indexUrl"]).netloc
        fetch_shared(task["shared"], index_host)
        lock, message = resolve(to_resolve, task)
        if lock is None:
            return {"kind": "unresolved", "lacking": lacking(message, requirements), "message": message}
        destination = pathlib.Path(task["destination"])
        without = task.get("project") if task.get("wheel") else None
        wheels = place_shared(lock, task["shared"], destination) + fetch(lock, destination, without, index_host)
        for wheel in wheels:
            wheel["sizeBytes"] = (destination / wheel["filename"]).stat().st_size
            say(f"{task['phase']}: fetched {wheel['filename']} sha256={wheel['sha256']}")
    return {"kind": "fetched", **report, "wheels": wheels}


def main():
    task = read_task()
    try:
        report = run(task)
    except BadSource as error:
        say(f"{task['phase']}: {error}")
        report = {"kind": "bad-source", "message": str(error)}
    except toolchain_sources.Failed:
        report = {"kind": "sources-failed"}
    pathlib.Path(task["report"]).write_text(json.dumps(report))


if __name__ == "__main__":
    sys.exit(main())
