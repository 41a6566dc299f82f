"""Equations as SymPy has them, and as people read them."""

from typing import Any, cast

import sympy
import torch

from matops.core.learning.training import Ensemble
from matops.families.surface_eql.about import TARGETS, UNIT
from matops.families.surface_eql.config import EquationConfig
from matops.families.surface_eql.equations.symmetry import written_factor
from matops.families.surface_eql.equations.units import INPUTS
from matops.families.surface_eql.model import EquationNetwork
from matops.families.surface_eql.surfaces.bulk import CENTRE, FEATURES, SPREAD

SYMBOLS = [sympy.Symbol(name, real=True) for name in INPUTS]
COSINES = SYMBOLS[:3]
BULK = {name: sympy.Symbol(name, real=True) for name in FEATURES}
DIGITS = 8
"""Of printed constants."""


def equations(ensemble: Ensemble, config: EquationConfig) -> dict[str, Any]:
    """What the ensemble answers, by target, in J/m²: expressions in ``COSINES`` and ``BULK``.

    Members share terms and coefficients, and so their mean has the means of their constants.
    """
    harmonics = dict(zip(SYMBOLS[3:], _harmonics(), strict=True))
    return {
        name: factor * sum(c * g for c, g in products).subs(harmonics)
        for name, (factor, products) in _parts(ensemble, config).items()
    }


def explain(ensemble: Ensemble, config: EquationConfig) -> dict[str, str]:
    """Each equation as Python and as LaTeX, by heading."""
    fourth, sixth = _harmonics()
    texts = {
        "Symbols": "n1 >= n2 >= n3 >= 0: cosines of the surface's normal with the axes of the "
        f"cube, sorted\nK4 = {fourth}\nK6 = {sixth}\n"
        f"bulk properties in the unit of their name; results in {UNIT}"
    }
    for name, (factor, products) in _parts(ensemble, config).items():
        lines, latex = [], []
        for number, (coefficient, function) in enumerate(products, start=1):
            lines += [f"c{number} = {_text(coefficient)}", f"g{number} = {_text(function)}"]
            latex += [
                f"c_{number} = {sympy.latex(_short(coefficient))}",
                f"g_{number} = {sympy.latex(_short(function))}",
            ]
        product = " + ".join(f"c{i}*g{i}" for i in range(1, len(products) + 1))
        whole = product if factor == 1 else f"{factor}*({product})"
        texts[name] = "\n".join([*lines, f"{name} = {whole}"])
        texts[f"{name}, LaTeX"] = r" \\ ".join(latex)
    return texts


def term_counts(ensemble: Ensemble) -> dict[str, int]:
    """How many terms the functions of each target's equation have."""
    used = _mean(ensemble, "equations.functions").abs().sum(dim=1) > 0
    return {target.name: int(used[i].sum()) for i, target in enumerate(TARGETS)}


def _parts(ensemble: Ensemble, config: EquationConfig) -> dict[str, tuple[Any, list[Any]]]:
    """By target: the symmetry's factor, and a coefficient with a function for each rank."""
    first = cast("EquationNetwork", ensemble.networks[0])
    candidates = first.units.written(SYMBOLS)
    standard = [_standardised(name) for name in config.bulk]
    functions = _mean(ensemble, "equations.functions").numpy()
    coefficients = _mean(ensemble, "equations.coefficients").numpy()
    parts = {}
    for number, target in enumerate(TARGETS):
        scale = float(ensemble.scale[number])
        products = [
            (
                sympy.expand(scale * _combined(c, [sympy.Integer(1), *standard])),
                _combined(g, candidates),
            )
            for c, g in zip(coefficients[number], functions[number], strict=True)
        ]
        parts[target.name] = (written_factor(target.name, COSINES), products)
    return parts


def _harmonics() -> list[Any]:
    """K4 and K6 in the cosines."""
    first, second, third = (cosine**2 for cosine in COSINES)
    return [3 * (first * second + second * third + third * first), 27 * first * second * third]


def _standardised(name: str) -> Any:
    number = FEATURES.index(name)
    return (BULK[name] - float(CENTRE[number])) / float(SPREAD[number])


def _combined(weights: Any, terms: list[Any]) -> Any:
    pairs = zip(weights, terms, strict=True)
    return sum((float(w) * term for w, term in pairs if w), sympy.Integer(0))


def _mean(ensemble: Ensemble, name: str) -> torch.Tensor:
    return torch.stack([network.state_dict()[name] for network in ensemble.networks]).mean(dim=0)


def _short(expression: Any) -> Any:
    return expression.xreplace(
        {number: sympy.Float(number, DIGITS) for number in expression.atoms(sympy.Float)}
    )


def _text(expression: Any) -> str:
    return str(_short(expression))
