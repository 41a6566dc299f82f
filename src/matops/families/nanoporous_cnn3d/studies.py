"""Studies and spaces of nanoporous_cnn3d: network, grid, how many labels, started from what."""

from typing import Any

from matops.core.exploring.space import Options, Range, SearchSpace
from matops.core.exploring.study import Study, Variant

PREPARED = "from a package"
SCRATCH = "from scratch"
SCHEDULE: dict[str, Any] = {"training.epochs": 20, "training.learning_rate": 2e-3}
"""Random weights need more passes and larger steps than a package that has learnt already."""

ONE_MEMBER = {"training.members": 1}
GENTLE = {**ONE_MEMBER, "training.epochs": 20, "training.learning_rate": 1e-4}
"""For a handful of labels: larger steps cost more of what the package knows than they teach."""

FUSION: dict[str, Any] = {"training.epochs": 12, "training.learning_rate": 2e-3}
"""Descriptors beside a start that never saw them need more than its own fine-tuning."""

FINE_GRID = {"grid.voxels": 64, "grid.density_voxels": 32}
"""What the DenseNets need, which halve their grid five times."""

NO_GRID = {**SCHEDULE, "training.epochs": 60, "network.kind": "descriptors"}

MODELS = Study(
    name="models",
    question="Which network is how good, at which cost?",
    variants=(
        Variant("compact, from a package", transfer=True),
        Variant("compact, from scratch", {**ONE_MEMBER, **SCHEDULE}),
        Variant("descriptors: morphology", {**NO_GRID, "grid.descriptors": "morphology"}),
        Variant("descriptors: morphology and physics", {**NO_GRID, "grid.descriptors": "all"}),
        Variant(
            "late fusion with all descriptors, from a package",
            {**ONE_MEMBER, **FUSION, "grid.descriptors": "all"},
            transfer=True,
        ),
        *(
            Variant(kind, {**ONE_MEMBER, **SCHEDULE, "network.kind": kind})
            for kind in ("resnet10", "resnet18", "resnet34", "resnet50")
        ),
        *(
            Variant(kind, {**ONE_MEMBER, **SCHEDULE, **FINE_GRID, "network.kind": kind})
            for kind in ("densenet121", "densenet169", "densenet201", "densenet264")
        ),
    ),
)

RESOLUTION = Study(
    name="resolution",
    question="How fine must the grid be?",
    variants=tuple(
        Variant(f"{n}³", {**ONE_MEMBER, **SCHEDULE, "grid.density_voxels": n}, x=float(n))
        for n in (8, 12, 16, 24)
    ),
    x_label="voxels along an edge",
)

TRAINING_SIZE = Study(
    name="training_size",
    question="What would more labels bring?",
    variants=tuple(
        Variant(f"{n} structures", x=float(n), train_groups=n, transfer=True)
        for n in (50, 100, 200, 400, 800)
    ),
    x_label="training structures",
    log_x=True,
)

DESCRIPTORS = Study(
    name="descriptors",
    question="Do descriptors beside the grid help?",
    variants=tuple(
        Variant(name, {**ONE_MEMBER, **FUSION, "grid.descriptors": name}, transfer=True)
        for name in ("none", "morphology", "physical", "all")
    ),
)

LONGER = {**ONE_MEMBER, **SCHEDULE, "training.epochs": 30}

PHYSICAL = {"grid.descriptors": "physical"}
WAYS_ON: dict[str, dict[str, Any]] = {
    PREPARED: GENTLE,
    f"{PREPARED}, fine-tuned": {**GENTLE, "training.transfer.ways": ["fine_tuning"]},
    f"{PREPARED}, line on its answers": {**GENTLE, "training.transfer.ways": ["start_line"]},
    f"{PREPARED}, with physical descriptors": {**GENTLE, **PHYSICAL},
    f"{PREPARED}, line on physical descriptors": {
        **GENTLE,
        **PHYSICAL,
        "training.transfer.ways": ["descriptor_line"],
    },
    SCRATCH: LONGER,
}
"""What is chosen, beside each of what it is chosen from."""

TRANSFER = Study(
    name="transfer",
    question="With few labels, does a start from another model help, and does fine-tuning it?",
    variants=tuple(
        Variant(
            f"{n}, {series}",
            settings,
            x=float(n),
            train_groups=n,
            series=series,
            transfer=series != SCRATCH,
        )
        for series, settings in WAYS_ON.items()
        for n in (20, 50, 100, 200)
    ),
    x_label="training structures",
    log_x=True,
    draws=2,
)

STUDIES = (MODELS, RESOLUTION, TRAINING_SIZE, DESCRIPTORS, TRANSFER)

COMPACT = SearchSpace(
    name="compact",
    source="around the preset, README.md: the compact network from random weights",
    preset="continuum",
    fields={
        "training.learning_rate": Range(
            3e-4, 1e-2, "a decade below the preset and half a one above", log=True
        ),
        "training.weight_decay": Range(
            1e-4, 1e-1, "about 1e-2: Loshchilov and Hutter, ICLR (2019)", log=True
        ),
        "training.batch_size": Options((8, 16, 32), "those of the presets"),
        "training.loss": Options(("mse", "mae", "huber"), "all that there are"),
        "network.widths": Options(((8, 16), (16, 32), (32, 64)), "those of the presets, and half"),
        "network.blocks": Options(((1, 1), (1, 2), (2, 2)), "those of the presets, and one more"),
        "network.hidden": Options((32, 64, 128), "half and double the preset"),
    },
)

SPACES = (COMPACT,)
