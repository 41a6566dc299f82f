"""Transfer: a network starts from the weights of another one and learns on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from matops.core.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor, nn

Mode = Literal["whole", "head", "gradual"]
Way = Literal["start_line", "descriptor_line", "fine_tuning"]
WAYS: tuple[Way, ...] = get_args(Way)
"""Ways of learning on, the simplest first."""


@dataclass(frozen=True)
class TransferConfig:
    """How a network learns on from another one's weights; without a start it says nothing.

    Source: Howard and Ruder, ACL 2018, section 3.3 (gradual unfreezing).
    """

    # ``whole`` trains everything from the first epoch, ``head`` the last stage only, ``gradual``
    # the last stage first and one more stage at a time
    mode: Mode = "whole"
    gradual_share: float = 0.5  # share of the epochs after which ``gradual`` trains everything
    keep_statistics: bool = True  # norms keep those of the start; few rows would only blur them
    # ways of learning on, of which the one with the least error is taken, found by cross-validation
    # on the training groups: a straight line on the start's answers, one on descriptors, or
    # fine-tuning; one that the model does not have is left out
    ways: tuple[Way, ...] = WAYS
    compare_up_to: int = 400  # training groups; more than these are fine-tuned without comparing
    # the two models' data have no group in common, where their splits can't show it
    disjoint_data: bool = False


@dataclass(frozen=True)
class Ancestor:
    """A model from which another one started."""

    version: str  # of its package
    data: str  # version of the data that trained it
    mode: Mode  # how the next one learnt on from it
    disjoint_data: bool  # whether the two models' data were said to have no group in common


@dataclass(frozen=True)
class Start:
    """Where the members of an ensemble start."""

    weights: tuple[Mapping[str, Tensor], ...]  # of each member of the first model; dealt in turn
    lineage: tuple[Ancestor, ...]  # the first model, and those it started from, nearest first

    def of_member(self, member: int) -> Mapping[str, Tensor]:
        """The state from which a member starts."""
        return self.weights[member % len(self.weights)]


def stages(network: nn.Module) -> tuple[str, ...]:
    """Names of a network's stages from input to output; the last one is its head.

    A network names them in an attribute ``stages``, else they are its children in order.
    """
    named: tuple[str, ...] = getattr(network, "stages", ())
    return named or tuple(name for name, _ in network.named_children())


def load_start(network: nn.Module, start: Mapping[str, Tensor]) -> int:
    """Give a fresh network the weights of another.

    The body must fit. The head is drawn anew where it doesn't: it may have other inputs beside
    the body's, or other targets.

    Returns:
        How many stages, counted from the output, hold weights drawn anew: they must train.

    Raises:
        BadInput: a tensor of the body is missing or has another shape.
    """
    order = stages(network)
    tail = (order[-2], order[-1]) if len(order) > 2 else (order[-1],)
    own = network.state_dict()
    fitting = {k: v for k, v in start.items() if k in own and own[k].shape == v.shape}
    lost = [k for k in own if k not in fitting and _child(k) in order and _child(k) not in tail]
    if lost or not fitting:
        raise BadInput(
            f"the start is of another network: {len(lost)} tensors of the body don't fit, "
            f"the first being {lost[0] if lost else next(iter(own))}"
        )
    network.load_state_dict({**own, **fitting})
    drawn = {_child(k) for k in own if k not in fitting}
    return max((len(order) - i for i, name in enumerate(order) if name in drawn), default=0)


def open_stages(config: TransferConfig, epoch: int, epochs: int, n_stages: int) -> int:
    """How many stages, counted from the output, train in an epoch."""
    if config.mode == "whole":
        return n_stages
    if config.mode == "head":
        return 1
    step = config.gradual_share * epochs / max(1, n_stages - 1)
    return min(n_stages, 1 + int(epoch / step)) if step > 0 else n_stages


def freeze(network: nn.Module, n_open: int, keep_statistics: bool) -> None:
    """Let the last ``n_open`` stages train and keep the others exactly as they are.

    A frozen stage is in evaluation mode: the statistics of its norms stay as well; those of the
    open stages stay if ``keep_statistics``. What belongs to no stage always trains: it may be the
    norm of inputs that the start did not have.
    """
    from torch.nn import BatchNorm1d, BatchNorm2d, BatchNorm3d

    order, norms = stages(network), (BatchNorm1d, BatchNorm2d, BatchNorm3d)
    for place, name in enumerate(order):
        stage, trains = network.get_submodule(name), place >= len(order) - n_open
        stage.train(trains)
        stage.requires_grad_(trains)
        for module in stage.modules():
            if keep_statistics and isinstance(module, norms):
                module.eval()


def refuse_leak(
    parent: Mapping[str, Any], child: Mapping[str, Any], config: TransferConfig
) -> None:
    """Refuse a start that may have been trained on the next model's test or calibration groups.

    Groups have their part by a hash: with one salt, the test and calibration groups of the
    smaller held-out share are among those of the larger one.

    Raises:
        BadInput: a group may be on both sides.
    """
    if config.disjoint_data:
        return
    files = parent.get("fingerprint", ""), child.get("fingerprint", "")
    if any(files):
        if files[0] == files[1]:
            return
        raise BadInput(
            "the start may have been trained on test groups of this model: the two were split by "
            "different files. Give the start's own with --split, or, if the two data sets have no "
            "group in common, say so with --set training.transfer.disjoint_data=true"
        )
    held_out = parent["calibration"] + parent["test"]
    if parent["salt"] != child["salt"] or child["calibration"] + child["test"] > held_out + 1e-12:
        raise BadInput(
            "the start may have been trained on test groups of this model: it held out "
            f"{held_out:g} of the groups under the salt {parent['salt']!r}. Keep to that with "
            "--set split.salt, split.calibration and split.test, or, if the two data sets have no "
            "group in common, say so with --set training.transfer.disjoint_data=true"
        )


def _child(name: str) -> str:
    return name.split(".", 1)[0]
