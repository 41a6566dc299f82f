"""Component: release an accepted candidate."""

from kfp import dsl

from components.step import step


@step
def release(evaluation: dsl.Input[dsl.Artifact], package: dsl.Output[dsl.Model]) -> None:
    """Publish the candidate package as the champion.

    Args:
        evaluation: the directory that evaluation wrote; its package carries the verdict.
        package: the released package.
    """
    from pathlib import Path

    from matops.entrypoints.learning.outcome import release_package

    package.metadata.update(release_package(Path(evaluation.path), Path(package.path)))
