"""Studies of diffusivity_cnn2d: which network, dead ends or not, how many labels."""

from typing import Any

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
