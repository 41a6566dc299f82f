"""The images that a compiled pipeline names: builds for good, since Kubeflow caches by the name."""

import re
from dataclasses import dataclass
from importlib.metadata import version

from matops.core.errors import BadInput
from matops.entrypoints.settings import Settings
from matops.entrypoints.wiring import code_commit

DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{7}")
"""Of a commit, as much as git shows and a tag must have of it."""


@dataclass(frozen=True)
class StepImages:
    """Images of a pipeline's steps, and of the one that trains."""

    steps: str
    train: str


def step_images(settings: Settings, for_platform: bool) -> StepImages:
    """Those that the settings name, else those that ``make images`` builds of this code.

    Raises:
        BadInput: one can be built again under its name, and is for a platform.
    """
    commit = code_commit(settings)
    whole, dirty, _ = commit.partition("-dirty")
    tag = f"{version('matops')}-{whole[:12]}{dirty}"
    images = StepImages(
        settings.image or f"matops-python:{tag}",
        settings.train_image or f"matops-train-python:{tag}",
    )
    if for_platform:
        check_immutable(images.steps, commit)
        check_immutable(images.train, commit)
    return images


def check_immutable(image: str, commit: str) -> None:
    """Whether an image is named by its digest, or by a tag with the commit of its code.

    Raises:
        BadInput: the name can come to mean another build.
    """
    if DIGEST.fullmatch(image):
        return
    tag, begin = image.rpartition(":")[2], COMMIT.match(commit)
    if "-dirty" in commit:
        raise BadInput(
            f"{image}: code was changed since commit {commit[:12]}, so no tag can name its images; "
            "commit it, or set MATOPS_IMAGE and MATOPS_TRAIN_IMAGE to name@sha256:digest"
        )
    if "/" in tag or begin is None or begin[0] not in tag:
        raise BadInput(
            f"{image}: can be built again under this name, and Kubeflow's cache would not see it; "
            f"name its digest (name@sha256:...) or a tag with its commit ({commit[:12]})"
        )
