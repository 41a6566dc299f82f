"""What is in an image, as a CycloneDX bill of materials: ``python -m devtools.sbom IMAGE OUT``.

Python's packages and Debian's, each with version, package URL and, where it says so, licence. The
image is asked itself; it needs no tool for that.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

PYTHON = """
import json
from importlib.metadata import distributions
for found in distributions():
    said = found.metadata
    licence = said["License-Expression"] or said["License"] or ""
    print(json.dumps([said["Name"], found.version, licence]))
"""
DEBIAN = ["dpkg-query", "--show", "--showformat", "${binary:Package} ${Version} ${Architecture}\\n"]
LONGEST_LICENCE = 64
"""Characters; some packages write its whole text where its name belongs."""


def _ask(image: str, command: list[str]) -> list[str]:
    whole = ["docker", "run", "--rm", "--read-only", "--network", "none", image, *command]
    done = subprocess.run(whole, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.splitlines()


def python_packages(image: str) -> Iterator[Component]:
    """Python's packages of an image."""
    licences = LicenseFactory()
    for line in _ask(image, ["python", "-c", PYTHON]):
        name, version, licence = json.loads(line)
        named = 0 < len(licence) <= LONGEST_LICENCE and "\n" not in licence
        yield Component(
            name=name,
            version=version,
            purl=PackageURL("pypi", None, name.lower().replace("_", "-"), version),
            licenses=[licences.make_from_string(licence)] if named else [],
        )


def debian_packages(image: str) -> Iterator[Component]:
    """Debian's packages of an image."""
    for line in _ask(image, DEBIAN):
        name, version, architecture = line.split()
        name = name.partition(":")[0]
        where = {"arch": architecture, "distro": "bookworm"}
        yield Component(
            name=name, version=version, purl=PackageURL("deb", "debian", name, version, where)
        )


def bill_of_materials(image: str) -> str:
    """The bill of materials of an image as JSON, checked against the schema of CycloneDX 1.6."""
    bom = Bom(components=[*python_packages(image), *debian_packages(image)])
    name, _, tag = image.partition(":")
    whole = Component(name=name, version=tag, type=ComponentType.CONTAINER)
    bom.metadata.component = whole
    bom.register_dependency(whole, bom.components)
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem:
        raise SystemExit(f"{image}: {problem}")
    return text


if __name__ == "__main__":
    out = Path(sys.argv[2])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(bill_of_materials(sys.argv[1]))
    print(out)
