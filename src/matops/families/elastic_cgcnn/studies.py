"""Studies and spaces of elastic_cgcnn: what more crystals would bring, what each part does."""

from typing import Any

from matops.core.exploring.space import Options, Range, SearchSpace
from matops.core.exploring.study import Study, Variant

MODULI = ("K_VRH", "G_VRH")
ONE_MEMBER = {"training.members": 1}
OURS = ("bond_orders", "element_properties", "reduced_lengths", "crystal_state")
"""Inputs that the published network does not have."""

AS_PUBLISHED: dict[str, Any] = {
    **ONE_MEMBER,
    "graph.whole_shells": False,
    "training.loss": "mse",
    **{f"network.{name}": False for name in OURS},
}
"""Source: Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018)."""
WHOLE_SHELLS: dict[str, Any] = {**AS_PUBLISHED, "graph.whole_shells": True}

TRAINING_SIZE = Study(
    name="training_size",
    question="What would more crystals bring?",
    variants=(
        Variant("an eighth", x=0.125, train_share=0.125),
        Variant("a quarter", x=0.25, train_share=0.25),
        Variant("half", x=0.5, train_share=0.5),
        Variant("all", x=1.0),
    ),
    x_label="share of the training groups",
    log_x=True,
    metric="mae_scaled",
    shown=MODULI,
)

ABLATION = Study(
    name="ablation",
    question="What does each part of the network do?",
    variants=(
        Variant("as published", AS_PUBLISHED),
        Variant("… with whole shells", WHOLE_SHELLS),
        Variant("… and absolute error as loss", {**WHOLE_SHELLS, "training.loss": "mae"}),
        Variant("released", ONE_MEMBER),
        *(
            Variant(f"released without {part}", {**ONE_MEMBER, f"network.{setting}": False})
            for part, setting in ((setting.replace("_", " "), setting) for setting in OURS)
        ),
        Variant(
            "released without either length or property",
            {**ONE_MEMBER, "network.element_properties": False, "network.reduced_lengths": False},
        ),
    ),
    metric="mae_scaled",
    shown=MODULI,
)

STUDIES = (TRAINING_SIZE, ABLATION)

NETWORK = SearchSpace(
    name="network",
    source="around Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018), and the preset",
    fields={
        "training.learning_rate": Range(
            1e-3, 2e-2, "half a decade about the preset, either way", log=True
        ),
        "training.weight_decay": Range(
            1e-6, 1e-2, "two decades about the preset, either way", log=True
        ),
        "training.warm_up": Range(0.05, 0.4, "from a quarter to twice the preset"),
        "training.batch_size": Options((32, 64, 128), "half and double the preset"),
        "training.loss": Options(("mse", "mae", "huber"), "mse as published; mae the preset"),
        "network.atom_fea_len": Options((32, 64, 96), "64 as published"),
        "network.n_conv": Range(1, 5, "3 as published"),
        "network.h_fea_len": Options((64, 128, 256), "128 as published"),
        "network.n_h": Range(1, 3, "1 as published"),
    },
)

SPACES = (NETWORK,)
