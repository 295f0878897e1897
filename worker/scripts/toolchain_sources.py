"""What the sdist's Rust, Go and Java parts are made of, fetched before the build, which then finds it without a network.

Only cargo, go and Maven themselves run here, and none of them is let run what a project wrote.
"""

import os
import pathlib
import re
import subprocess
import tomllib
import xml.etree.ElementTree as xml

import maven_artifacts
from digest import sha256

CARGO_HOME = "/inputs/cargo"
GO_MODULES = pathlib.Path("/inputs/go")
LACKING = re.compile(r"failed to select a version for the requirement `([\w-]+) = .*` \(locked to ([\w.+-]+)\)")
OUTGROWN = re.compile(r"lock file .*--locked was passed")
MAX_RELOCKED = 20


class Failed(Exception):
    pass


def say(text):
    print(f"[wheelwright] fetch: {text}", flush=True)


def run(command, cwd="/", **environment):
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Failed


def fetch_crates(source, anew=()):
    """Fetches the crates of every Cargo.lock, or makes one where there is none. Neither runs a build script. `anew`: crates of the recipe, as `name` or `name@version`."""
    folders = [path.parent for path in source.rglob("Cargo.lock") if path.with_name("Cargo.toml").is_file()]
    if not folders:
        manifests = sorted(source.rglob("Cargo.toml"), key=lambda path: (len(path.parts), path))
        folders = [manifest.parent for manifest in manifests[:1]]
    crates = {}
    for folder in folders:
        lock = folder / "Cargo.lock"
        manifest = folder / "Cargo.toml"
        say(f"fetching the crates of {manifest.relative_to(source)}")
        if lock.exists():
            lock_anew(manifest, anew)
            fetch_locked(manifest)
        elif not cargo("fetch", manifest)[0]:
            raise Failed
        for package in tomllib.loads(lock.read_text("utf-8")).get("package", []):
            if "checksum" in package:
                name = f"crates/{package['name']}"
                crates[name, package["version"]] = {"name": name, "version": package["version"], "sha256": package["checksum"]}
    return list(crates.values())


def lock_anew(manifest, crates):
    """Of a crate that the lock file holds in several versions, those are changed that Cargo.toml lets."""
    locked = tomllib.loads(manifest.with_name("Cargo.lock").read_text("utf-8")).get("package", [])
    for crate in crates:
        name, _, version = crate.partition("@")
        present = [package["version"] for package in locked if package["name"] == name]
        say(f"{crate} is locked anew, in place of {', '.join(present)}" if present else f"Cargo.lock has no {name}, which the recipe wants locked anew")
        precise = [f"--precise={version}"] if version else []
        done = [cargo("update", manifest, f"--package={name}@{old}", *precise)[0] for old in present if old != version]
        if done and not any(done):
            raise Failed


def fetch_locked(manifest):
    """Fetches what the lock file says. A version that the registry does not have, as a mirror that lags behind, is locked anew; a lock file that its manifest has outgrown is completed, as the backends do."""
    lacking = []
    for _ in range(MAX_RELOCKED):
        done, said = cargo("update", manifest, *(f"--package={crate}" for crate in lacking)) if lacking else (True, "")
        if done:
            lacking = []
            done, said = cargo("fetch", manifest, "--locked")
        if done:
            return
        found = LACKING.search(said)
        if found is None:
            break
        say(f"the registry has no {found[1]} {found[2]}, which Cargo.lock names: the newest that Cargo.toml allows is taken instead")
        lacking.append(f"{found[1]}@{found[2]}")
    if not OUTGROWN.search(said):
        raise Failed
    say("Cargo.lock does not fit Cargo.toml: what it lacks is added to it")
    if not cargo("fetch", manifest)[0]:
        raise Failed


def cargo(command, manifest, *arguments):
    """Not from the source's folder: a .cargo/config.toml there may name programs to run. Returns whether it worked, and what it said."""
    done = subprocess.run(
        ["cargo", command, "--manifest-path", str(manifest), *arguments],
        cwd="/",
        # Crates that this rustc compiles, where there is a choice.
        env={**os.environ, "CARGO_HOME": CARGO_HOME, "CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS": "fallback"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(done.stdout, end="", flush=True)
    return done.returncode == 0, done.stdout


def go_version(text):
    found = re.search(r"\bgo ?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (1, 0)


def fetch_modules(source):
    """Fetches the modules of every go.mod, checked against its go.sum, or else against the checksum database. See https://go.dev/ref/mod."""
    installed = go_version(subprocess.run(["go", "version"], stdout=subprocess.PIPE, text=True, check=True).stdout)
    environment = {
        "GOMODCACHE": str(GO_MODULES),
        "GOPATH": "/tmp/go",
        "GOTOOLCHAIN": "local",
        # Modules come from a module proxy: no program of version control meets what a project wrote.
        "GOVCS": "*:off",
        "GOFLAGS": "-buildvcs=false" if installed >= (1, 18) else "",
    }
    for path in sorted(source.rglob("go.mod")):
        folder = path.parent
        if "testdata" in path.parts or (folder / "vendor" / "modules.txt").is_file():
            continue
        say(f"fetching the Go modules of {path.relative_to(source)}")
        declared = re.search(r"^go +\d+\.\d+", path.read_text("utf-8", "replace"), re.MULTILINE)
        # From 1.17 on go.mod lists all that the build needs. Before, only the packages tell it from what is merely required somewhere.
        if (folder / "go.sum").is_file() and declared and go_version(declared[0]) >= (1, 17):
            run(["go", "mod", "download"], folder, **environment)
        else:
            run(["go", "list", "-mod=mod", "-deps", "-f", "", "./..."], folder, **environment)
    return [module(path) for path in sorted((GO_MODULES / "cache" / "download").rglob("@v/*.zip"))]


def module(path):
    """A path of the module cache, where `!a` stands for `A`."""
    name = str(path.parent.parent.relative_to(GO_MODULES / "cache" / "download"))
    unescape = lambda text: re.sub(r"!([a-z])", lambda found: found[1].upper(), text)
    return {"name": f"go/{unescape(name)}", "version": unescape(path.stem), "sha256": sha256(path)}


def calls_maven(source, prepare):
    """Many a pom.xml only stands beside what builds the package."""
    scripts = (path for path in source.rglob("*") if path.suffix in (".py", ".toml", ".cfg", ".sh", ".cmake", ".txt", ".mk", ""))
    texts = (path.read_text("utf-8", "replace") for path in scripts if path.is_file() and path.stat().st_size < 1 << 20)
    return any(re.search(r"\bmvnw?\b", text) for text in (prepare, *texts))


def fetch_artifacts(source, prepare):
    """What cannot be had ends nothing yet: Maven will say what it lacks."""
    if not calls_maven(source, prepare):
        return []
    try:
        return maven_artifacts.fetch(source, run, say)
    except Failed:
        say("Maven could not fetch all that the pom.xml files name; the build goes on without")
    except (ValueError, xml.ParseError) as error:
        say(f"a pom.xml cannot be read: {error}; the build goes on without what it names")
    return []


def fetch(toolchains, source, prepare, crates=()):
    """`prepare` is the recipe's script, which may call what the sdist does not. Returns [{"name", "version", "sha256"}] of all that was fetched. Raises Failed when a tool says no: its words are in the log."""
    found = fetch_crates(source, crates) if "rust" in toolchains else []
    found += fetch_modules(source) if "go" in toolchains else []
    found += fetch_artifacts(source, prepare) if "java" in toolchains else []
    return found
