"""Runs with a network and without foreign code: the pristine archives of Debian source packages, from the mirror that the image was made from.

The task comes as JSON in WHEELWRIGHT_TASK or in the file named there, the report goes to task["report"]:
{"kind": "fetched"}
{"kind": "refused", "message": "..."}
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from digest import sha256
from task import read_task


class Refused(Exception):
    pass


def say(text):
    print(f"[wheelwright] fetch: {text}", flush=True)


def mirror():
    for line in pathlib.Path("/etc/apt/sources.list").read_text().splitlines():
        words = line.split()
        if words[:1] == ["deb"]:
            return next(word for word in words[1:] if "://" in word)
    raise Refused("the image has no Debian mirror to fetch a source package from")


def update(suite, options):
    """Without the mode, apt takes a mirror that does not answer for a list that has not changed."""
    done = subprocess.run(["apt-get", "update", "-qq", "-o", "APT::Update::Error-Mode=any", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout, end="", flush=True)
    # A trusted suite may do without a Release file, so that the list itself is what is not there.
    if re.search(r"/source/Sources\S* +404 ", done.stdout):
        raise Refused(f"the mirror has no suite {suite}")
    done.check_returncode()


def fetch(source, folder):
    """The archive of one source package. Its hash decides, whoever signed the suite's list: the image may be too old to know the key."""
    suite, package, filename = source["suite"], source["package"], source["filename"]
    for name in ("lists/partial", "cache/archives/partial", "files"):
        (folder / name).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb-src [trusted=yes] {mirror()} {suite} main\n")
    where = {"Dir::State::lists": "lists", "Dir::Cache": "cache", "Dir::Etc::sourcelist": "sources.list", "Dir::Etc::sourceparts": "none"}
    options = [part for name, path in where.items() for part in ("-o", f"{name}={folder / path}")]
    say(f"fetching {filename} of {package} in {suite}")
    update(suite, options)
    done = subprocess.run(["apt-get", "source", "--download-only", "-qq", *options, package], cwd=folder / "files")
    found = sorted(path.name for path in (folder / "files").glob("*.orig*.tar.*") if path.suffix != ".asc")
    if filename not in found:
        if done.returncode != 0 and not found:
            raise Refused(f"{suite} has no source package {package} that could be fetched")
        raise Refused(f"{suite} no longer has {filename}, but {', '.join(found)}")
    digest = sha256(folder / "files" / filename)
    if digest != source["sha256"]:
        raise Refused(f"{filename} has sha256 {digest} where {source['sha256']} was expected")
    shutil.copyfile(folder / "files" / filename, source["to"])


def main():
    task = read_task()
    report = {"kind": "fetched"}
    try:
        for number, source in enumerate(task["sources"]):
            fetch(source, pathlib.Path(f"/tmp/source-{number}"))
    except Refused as refusal:
        report = {"kind": "refused", "message": str(refusal)}
    pathlib.Path(task["report"]).write_text(json.dumps(report))


if __name__ == "__main__":
    sys.exit(main())
