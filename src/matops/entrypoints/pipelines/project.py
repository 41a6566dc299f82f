"""Where the pipelines are: in a checkout, or in the installed package; and compiling them."""

import subprocess
import sys
from pathlib import Path

from matops.core.errors import BadInput
from matops.entrypoints.settings import Settings

PACKAGE = Path(__file__).parents[2]
PLACES = (PACKAGE / "shipped", PACKAGE.parents[1])
"""Where this code has its pipelines: a wheel brings them along, a checkout has them at its top."""


def project_directory(settings: Settings) -> Path:
    """The directory that has ``pipelines/`` and ``components/``.

    Raises:
        BadInput: there is none, or the settings name one without.
    """
    places = (settings.project,) if settings.project else PLACES
    place = next((place for place in places if (place / "pipelines").is_dir()), None)
    if place is None:
        raise BadInput(f"{places[0] / 'pipelines'}: no pipelines; set MATOPS_PROJECT to a checkout")
    return place


def project_pipelines(settings: Settings) -> list[str]:
    """Names of the project's pipelines; BadInput where there is no project."""
    source = project_directory(settings) / "pipelines"
    return sorted(path.stem for path in source.glob("[!_]*.py"))


def check_pipelines(settings: Settings, names: list[str]) -> None:
    """BadInput where no pipeline has one of these names; compiles none."""
    pipelines = project_pipelines(settings)
    for name in names:
        if name not in pipelines:
            source, there = project_directory(settings) / "pipelines", ", ".join(pipelines)
            raise BadInput(f"{source}: no pipeline is called {name!r}; there are: {there}")


def compiled_pipelines(
    settings: Settings, names: list[str], for_platform: bool = True
) -> dict[str, Path]:
    """Compile the project's pipelines and return some by name, as Kubeflow IR YAML.

    Raises:
        BadInput: no such pipeline, it does not compile, or an image for a platform can be built
            again under its name.
    """
    check_pipelines(settings, names)
    project = project_directory(settings)
    out = (settings.kept / "pipelines").resolve()
    command = [sys.executable, "-m", "pipelines", str(out), *(() if for_platform else ("--local",))]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1]
        raise BadInput(f"{project / 'pipelines'}: {reason}")
    return {name: out / f"{name}.yaml" for name in names}
