"""Studies and spaces of diffusivity_cnn2d: which network, dead ends or not, how many labels."""

from typing import Any

from matops.core.exploring.space import Options, Range, SearchSpace
from matops.core.exploring.study import Study, Variant

ONE_MEMBER = {"training.members": 1}
ON_IMAGES: dict[str, Any] = {
    **ONE_MEMBER,
    "training.epochs": 30,
    "training.learning_rate": 1e-3,
    "training.loss": "mse",
}
KEPT = {"image.dead_ends_removed": False}

MODELS = Study(
    name="models",
    question="Which network is how good?",
    variants=(
        Variant("flux", ONE_MEMBER),
        Variant("flux, with descriptors", {**ONE_MEMBER, "image.descriptors": True}),
        Variant("two layers", {**ON_IMAGES, **KEPT, "network.kind": "two_layer"}),
        Variant(
            "two layers, ReLU",
            {**ON_IMAGES, **KEPT, "network.kind": "two_layer", "network.activation": "relu"},
        ),
        Variant("after Wu", {**ON_IMAGES, **KEPT, "network.kind": "wu"}),
    ),
)

DEAD_ENDS = Study(
    name="dead_ends",
    question="What does it bring to take dead ends away first?",
    variants=tuple(
        Variant(f"{name}, dead ends {state}", {**settings, "image.dead_ends_removed": removed})
        for name, settings in (
            ("flux", ONE_MEMBER),
            ("after Wu", {**ON_IMAGES, "network.kind": "wu"}),
        )
        for state, removed in (("kept", False), ("removed", True))
    ),
)

TRAINING_SIZE = Study(
    name="training_size",
    question="What would more labels bring?",
    variants=tuple(
        Variant(f"{n} images", ONE_MEMBER, x=float(n), train_groups=n)
        for n in (100, 300, 1000, 3000)
    ),
    x_label="training images",
    log_x=True,
)

STUDIES = (MODELS, DEAD_ENDS, TRAINING_SIZE)

FLUX = SearchSpace(
    name="flux",
    source="around the preset, README.md",
    fields={
        "training.learning_rate": Range(
            3e-4, 1e-2, "a decade about the preset; AdamW with one cycle, Smith (2018)", log=True
        ),
        "training.weight_decay": Range(
            1e-5, 1e-1, "about 1e-2: Loshchilov and Hutter, ICLR (2019)", log=True
        ),
        "training.batch_size": Options((16, 32, 64), "a step from the preset either way"),
        "training.loss": Options(("mse", "mae", "huber"), "all that there are"),
        "network.width": Options((12, 24, 48), "half and double the preset"),
        "network.blocks": Range(0, 4, "none to twice the preset"),
        "image.dead_ends_removed": Options((True, False), "Wu et al., Sci. Rep. 9, 20387 (2019)"),
    },
)

THESIS = SearchSpace(
    name="thesis",
    source="table 2 of the thesis: 1,296 combinations of two convolutions and poolings",
    preset="two_layer",
    grid=True,
    fields={
        "network.kernel": Options((2, 3, 4, 5)),
        "training.learning_rate": Options((1e-2, 1e-3, 1e-4)),
        "network.filters": Options(((8, 16), (16, 32), (32, 64))),
        "network.stride": Options((2, 3, 4), "taken as the convolutions'; the thesis doesn't say"),
        "network.pool": Options((2, 3, 4), "pools don't overlap"),
        "network.padding": Options(("same", "valid")),
        "network.activation": Options(("relu", "linear")),
    },
)

SPACES = (FLUX, THESIS)
