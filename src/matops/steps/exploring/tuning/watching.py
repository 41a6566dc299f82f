"""A training that is looked at after each epoch, and that whoever looks may end."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor, nn

from matops.core.family import Family
from matops.core.family.contract import Learns
from matops.core.learning.checkpoint import Checkpoints
from matops.core.learning.features import PackedFeatures
from matops.core.learning.fitting import fit_member
from matops.core.learning.training import Answer, EpochLog
from matops.core.progress import Progress

Look = Callable[[float, nn.Module], None]
"""Called with the share of the schedule that is done, and the network as it is then."""


class Watched:
    """A family whose networks are looked at while they learn.

    One with a fit of its own, as a closed form, has no epochs that anybody knows of: it is left
    alone.
    """

    def __init__(self, family: Family, look: Look) -> None:
        self._family, self._look = family, look
        self._built: nn.Module | None = None

    def network(self, config: Any) -> nn.Module:
        """The family's network, which is remembered."""
        self._built = self._family.network(config)
        return self._built

    def fit_line(
        self, features: PackedFeatures, standard_targets: Answer, config: Any
    ) -> nn.Module | None:
        """The family's own."""
        return self._family.fit_line(features, standard_targets, config)

    def fit_member(
        self,
        features: PackedFeatures,
        standard_targets: Answer,
        config: Any,
        member: int,
        progress: Progress | None,
        start: Mapping[str, Tensor] | None,
        checkpoints: Checkpoints | None,
    ) -> tuple[nn.Module, list[EpochLog]]:
        """The family's fit; one by epochs is looked at after each of them."""
        if not is_watched(self._family):
            return self._family.fit_member(
                features, standard_targets, config, member, progress, start, checkpoints
            )

        def tell(done: int, total: int, words: str) -> None:
            if progress:
                progress(done, total, words)
            if self._built is not None:
                self._look(done / total, self._built)

        build = partial(self.network, config)
        return fit_member(
            build, features, standard_targets, config.training, member, tell, start, checkpoints
        )


def is_watched(family: Family) -> bool:
    """Whether a family is trained by epochs that can be looked at."""
    return type(family).fit_member is Learns.fit_member
