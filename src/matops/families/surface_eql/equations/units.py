"""The vocabulary of equations: what each symbol is for PyTorch and for SymPy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy
import torch
from torch import Tensor, nn

INPUTS = ("n1", "n2", "n3", "K4", "K6")
"""Cosines in falling order; K4 = 3 (n1²n2² + n2²n3² + n3²n1²) and K6 = 27 n1²n2²n3², which are 1
for (111): the first cubic harmonics but for constants."""

_ROOT_FLOOR = 1e-6
"""Under the root of a root, so that its slope is finite everywhere."""


@dataclass(frozen=True)
class Kind:
    """A unit of one or two arguments."""

    arguments: int
    torch: Callable[[Tensor, Tensor], Tensor]
    sympy: Callable[[Any, Any], Any]


KINDS = {
    "square": Kind(1, lambda a, _: a * a, lambda a, _: a**2),
    "product": Kind(2, lambda a, b: a * b, lambda a, b: a * b),
    "sine": Kind(1, lambda a, _: torch.sin(a), lambda a, _: sympy.sin(a)),
    "cosine": Kind(1, lambda a, _: torch.cos(a), lambda a, _: sympy.cos(a)),
    "root": Kind(
        1,
        lambda a, _: (a * a + _ROOT_FLOOR) ** 0.25,
        lambda a, _: (a**2 + _ROOT_FLOOR) ** sympy.Rational(1, 4),
    ),
    "absolute": Kind(1, lambda a, _: torch.abs(a), lambda a, _: sympy.Abs(a)),
    # A division that is safe: nothing makes the denominator zero.
    "ratio": Kind(2, lambda a, b: a / (1 + b * b), lambda a, b: a / (1 + b**2)),
}


def invariant_inputs(direction: Tensor) -> Tensor:
    """The ``INPUTS``, (n, 5), of sorted cosines, (n, 3)."""
    squares = direction**2
    first, second, third = squares.unbind(1)
    harmonics = [3 * (first * second + second * third + third * first), 27 * squares.prod(1)]
    return torch.cat([direction, torch.stack(harmonics, 1)], dim=1)


class Units(nn.Module):
    """Candidates for terms: one, the inputs, and units of each kind of lines in the inputs."""

    def __init__(self, units_a_kind: int) -> None:
        super().__init__()
        self.each = units_a_kind
        shape = (len(KINDS) * units_a_kind, 2, len(INPUTS) + 1)
        self.weight = nn.Parameter(1.5 * torch.randn(shape, dtype=torch.float64))

    @property
    def count(self) -> int:
        """How many candidates there are."""
        return 1 + len(INPUTS) + len(self.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        """Candidates, (n, count), of inputs, (n, 5)."""
        ones = torch.ones_like(inputs[:, :1])
        lines = torch.einsum("ni,uki->nuk", torch.cat([inputs, ones], dim=1), self.weight)
        answers = [
            kind.torch(*part.unbind(2))
            for kind, part in zip(KINDS.values(), torch.split(lines, self.each, dim=1), strict=True)
        ]
        return torch.cat([ones, inputs, *answers], dim=1)

    @torch.no_grad()
    def prune(self, connections: int) -> None:
        """Keep each argument's strongest inputs, and weights of two decimals, to be read."""
        inputs = self.weight[..., :-1]
        weaker = inputs.abs().argsort(dim=2, descending=True)[..., connections:]
        inputs.scatter_(2, weaker, 0.0)
        self.weight.copy_(torch.round(self.weight, decimals=2))
        for number, kind in enumerate(KINDS.values()):
            if kind.arguments == 1:
                self.weight[number * self.each : (number + 1) * self.each, 1] = 0.0

    def written(self, inputs: list[Any]) -> list[Any]:
        """The candidates as SymPy has them, of the inputs as it has them."""
        weights = self.weight.detach().numpy()
        terms = [sympy.Integer(1), *inputs]
        for number, rows in enumerate(weights):
            kind = list(KINDS.values())[number // self.each]
            terms.append(kind.sympy(*(_line(row, inputs) for row in rows)))
        return terms


def _line(row: Any, inputs: list[Any]) -> Any:
    return sum(
        (sympy.Float(round(float(w), 2)) * x for w, x in zip(row, [*inputs, 1], strict=True) if w),
        sympy.Integer(0),
    )
