"""What the pom.xml files of an sdist are built with and from, fetched into a local repository of Maven's.

A POM can have Maven load code as soon as it is read as a project (build extensions, dependencies of plugins, .mvn), and here is a network. So none is: a
project of our own depends on what the POMs name, each by itself, since Maven fetches one version of a thing for each project.
See https://maven.apache.org/pom.html.
"""

import os
import pathlib
import re
import shutil
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape

from digest import sha256

REPOSITORY = pathlib.Path("/inputs/maven")
WORK = pathlib.Path("/tmp/maven")
PLUGINS = "org.apache.maven.plugins"
# Debian's Java trusts what Debian trusts; the site's certificates come as PEM, which a JVM reads only by code.
TRUST = """
import java.io.*; import java.security.KeyStore; import java.security.cert.*;
class Trust { public static void main(String[] a) throws Exception {
  KeyStore store = KeyStore.getInstance("PKCS12"); store.load(null, null); int i = 0;
  try (InputStream in = new FileInputStream(a[0])) {
    for (Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(in)) store.setCertificateEntry("c" + i++, c);
  }
  try (OutputStream out = new FileOutputStream(a[1])) { store.store(out, "changeit".toCharArray()); }
} }
"""


class Pom:
    """As much of a POM as tells what it asks for; values are interpolated with the properties of it and of its parents in the sdist."""

    def __init__(self, path, source):
        self.path = path
        self.label = path.relative_to(source)
        text = path.read_text("utf-8")
        # The namespace says nothing; a DTD has no place in a POM, and could be made to explode.
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ValueError(f"{self.label} has a document type")
        self.root = xml.fromstring(re.sub(r"\sxmlns(:\w+)?=\"[^\"]*\"|\s\w+:schemaLocation=\"[^\"]*\"", "", text))
        self.properties = {}

    def inherit(self, poms):
        """Takes over the properties of its parents, nearest last."""
        chain, seen = [self], {self.path}
        while (parent := chain[-1].parent(poms)) is not None and parent.path not in seen:
            chain.append(parent)
            seen.add(parent.path)
        for pom in reversed(chain):
            self.properties.update({each.tag: each.text or "" for each in pom.root.findall("properties/*")})
        for field in ("groupId", "artifactId", "version"):
            value = self.root.findtext(field) or self.root.findtext(f"parent/{field}") or ""
            self.properties[f"project.{field}"] = self.properties[f"pom.{field}"] = value.strip()

    def parent(self, poms):
        name = self.root.findtext("parent/artifactId")
        return next((pom for pom in poms if name and pom.root.findtext("artifactId") == name), None)

    def value(self, text):
        text = (text or "").strip()
        for _ in range(8):
            text = re.sub(r"\$\{([^}]+)\}", lambda found: self.properties.get(found[1], found[0]), text)
        return text

    def artifact(self, element, group=""):
        fields = ("groupId", "artifactId", "version", "type", "classifier")
        found = {field: self.value(element.findtext(field)) for field in fields}
        return {**found, "groupId": found["groupId"] or group}

    @property
    def itself(self):
        return {field: self.value(self.properties[f"project.{field}"]) for field in ("groupId", "artifactId", "version")}


def known(artifact):
    return all(artifact[field] and "${" not in artifact[field] for field in ("groupId", "artifactId", "version"))


def element(artifact, siblings=(), **more):
    fields = {**artifact, **more}
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items() if text)
    excluded = "".join(f"<exclusion><groupId>{escape(g)}</groupId><artifactId>{escape(a)}</artifactId></exclusion>" for g, a in siblings)
    return f"<dependency>{inner}<exclusions>{excluded}</exclusions></dependency>"


def project(name, packaging, body=""):
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        f"<groupId>wheelwright</groupId><artifactId>{name}</artifactId><version>1</version><packaging>{packaging}</packaging>{body}</project>"
    )


def modules(poms):
    """Projects of our own, each of which asks for what one POM or one of its plugins asks for."""
    siblings = {(pom.itself["groupId"], pom.itself["artifactId"]) for pom in poms}
    for pom in poms:
        managed = element({**pom.itself, "type": "pom"}, scope="import")
        asked = [pom.artifact(each) for each in pom.root.findall("dependencies/dependency")]
        own = [each for each in asked if (each["groupId"], each["artifactId"]) not in siblings and "${" not in str(each)]
        dependencies = element({**pom.itself, "type": "pom"}, siblings) + "".join(element(each, siblings) for each in own)
        yield f"<dependencyManagement><dependencies>{managed}</dependencies></dependencyManagement><dependencies>{dependencies}</dependencies>"
        for plugin in pom.root.iter("plugin"):
            artifacts = [pom.artifact(plugin, PLUGINS), *(pom.artifact(each) for each in plugin.findall("dependencies/dependency"))]
            if all(map(known, artifacts)):
                yield f"<dependencies>{''.join(map(element, artifacts))}</dependencies>"


def place(pom):
    """
    Where Maven looks for the POM of a parent, and of what our own project depends on. Never in the place of anything that Maven itself runs: its plugins
    would be loaded with what that POM asks for.
    """
    where = pom.itself
    folder = REPOSITORY.joinpath(*where["groupId"].split("."), where["artifactId"], where["version"])
    if not known(where) or ".." in folder.parts or "/" in "".join(where.values()):
        raise ValueError(f"{pom.label} does not say what it is")
    if folder.exists():
        raise ValueError(f"{pom.label} says that it is a part of Maven itself")
    return folder / f"{where['artifactId']}-{where['version']}.pom"


def trust(run):
    """The JVM's options for trusting the site's certificates."""
    certificates = os.environ.get("SSL_CERT_FILE", "")
    if not os.path.isfile(certificates):
        return ""
    (WORK / "Trust.java").write_text(TRUST)
    store = f"{WORK}/trust.p12"
    run(["java", str(WORK / "Trust.java"), certificates, store])
    return f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit"


def maven(folder, text, options, run, *goals):
    folder.mkdir(exist_ok=True)
    (folder / "pom.xml").write_text(text)
    run(
        ["mvn", "--batch-mode", "--quiet", "--strict-checksums", f"-Dmaven.repo.local={REPOSITORY}", *goals, f"{PLUGINS}:maven-dependency-plugin:go-offline"],
        folder,
        MAVEN_OPTS=options,
        MAVEN_SKIP_RC="1",
    )


def fetch(source, run, say):
    poms = [Pom(path, source) for path in sorted(source.rglob("pom.xml")) if "target" not in path.parts]
    if not poms:
        return []
    for pom in poms:
        pom.inherit(poms)
    say(f"fetching the Maven artifacts of {', '.join(str(pom.label) for pom in poms)}")
    WORK.mkdir()
    options = trust(run)
    # A jar brings the plugins of Maven's own lifecycle. Before anything of the sdist is in the repository: from here on they are there.
    maven(WORK / "lifecycle", project("lifecycle", "jar"), options, run, "package")
    # Two may say that they are the same.
    places = {place(pom): pom for pom in poms}
    for path, pom in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pom.path, path)
    parts = {f"part{number}": project(f"part{number}", "pom", body) for number, body in enumerate(modules(poms))}
    for name, text in parts.items():
        (WORK / name).mkdir()
        (WORK / name / "pom.xml").write_text(text)
    maven(WORK, project("all", "pom", f"<modules>{''.join(f'<module>{name}</module>' for name in parts)}</modules>"), options, run)
    for path in places:
        shutil.rmtree(path.parent)
    return [record(path) for path in sorted(REPOSITORY.rglob("*")) if path.suffix in (".jar", ".pom")]


def record(path):
    *group, name, version, _ = path.relative_to(REPOSITORY).parts
    kind = path.name.removeprefix(f"{name}-{version}").removeprefix("-")
    return {"name": f"maven/{'.'.join(group)}:{name}{'' if kind == '.jar' else ':' + kind.lstrip('.')}", "version": version, "sha256": sha256(path)}
