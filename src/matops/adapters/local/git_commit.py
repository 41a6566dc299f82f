"""What git knows: the commit of the running code, and what a file was before."""

import subprocess
from pathlib import Path

CODE = "src components pipelines pyproject.toml requirements.lock Dockerfile devtools/images"
"""What images are made of; the Makefile has the same list."""


def git_commit(directory: Path) -> str:
    """Commit of a checkout, with ``-dirty`` where other code lies there; ``unknown`` elsewhere."""
    commit = _git(directory, "rev-parse", "HEAD")
    if not commit:
        return "unknown"
    paths = (f":/{path}" for path in CODE.split())
    changed = _git(directory, "status", "--porcelain", "--", *paths)
    return f"{commit}-dirty" if changed else commit


def file_versions(path: Path) -> list[str]:
    """Contents that a file had in any commit of any branch; none where there is no git."""
    name = f"./{path.name}"
    commits = _git(path.parent, "log", "--all", "--format=%H", "--", name).split()
    return [text for commit in commits if (text := _git(path.parent, "show", f"{commit}:{name}"))]


def _git(directory: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(directory), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
