"""Which of the candidates make an equation, and with which constants: linear least squares."""

from dataclasses import dataclass

import numpy as np

from matops.physics.arrays import FloatArray, IntArray

_SAME = 1e-4
"""Share of a candidate that must be new: what the others say already only blows up constants."""
_RIDGE = 1e-10
"""Of the largest square, so that data which determine nothing still have an answer."""
_NOTHING = float(np.sqrt(np.finfo(float).tiny))
"""Length of a column whose square can't be told from zero."""
_ROUNDS = 30


def select_terms(
    candidates: FloatArray, bulk: FloatArray, values: FloatArray, most: int, least_gain: float
) -> IntArray:
    """Columns of the candidates, (n, j), that explain the values, (n,), best.

    Each comes with a coefficient of its own for each column of ``bulk``, (n, q), whose first is
    one. They are added one after another until the next explains less than ``least_gain`` of the
    squares that are left.
    """
    squares = _Squares.of(candidates, bulk, values)
    chosen: list[int] = []
    while len(chosen) < most:
        best, gain = squares.best_addition(chosen)
        if chosen and not gain > least_gain * squares.left(chosen):
            break
        chosen.append(best)
    return np.array(sorted(chosen))


@dataclass(frozen=True, eq=False)
class _Squares:
    """Products of all candidates' columns with each other and with the values."""

    gram: FloatArray  # (j, q, j, q)
    right: FloatArray  # (j, q)
    total: float  # sum of the values' squares

    @classmethod
    def of(cls, candidates: FloatArray, bulk: FloatArray, values: FloatArray) -> "_Squares":
        j, q = candidates.shape[1], bulk.shape[1]
        flat = (candidates[:, :, None] * bulk[:, None, :]).reshape(-1, j * q)
        gram = (flat.T @ flat).reshape(j, q, j, q)
        return cls(gram, (flat.T @ values).reshape(j, q), float(values @ values))

    def left(self, chosen: list[int]) -> float:
        """The sum of squares that some candidates leave unexplained."""
        right = self.right[chosen].ravel()
        return self.total - float(right @ np.linalg.solve(self._inner(chosen), right))

    def best_addition(self, chosen: list[int]) -> tuple[int, float]:
        """The candidate that explains most beside those that are chosen, and how much."""
        j, q = self.right.shape
        own = np.einsum("jajb->jab", self.gram)
        rest, right = own, self.right
        if chosen:
            across = self.gram[:, :, chosen].reshape(j * q, -1)
            solved = np.linalg.solve(self._inner(chosen), across.T).T
            rest = own - np.einsum("jas,jbs->jab", *(m.reshape(j, q, -1) for m in (across, solved)))
            right = right - (solved @ self.right[chosen].ravel()).reshape(j, q)
        gains = np.array([_gain(*parts) for parts in zip(rest, right, own, strict=True)])
        gains[chosen] = 0.0
        best = int(gains.argmax())
        return best, float(gains[best])

    def _inner(self, chosen: list[int]) -> FloatArray:
        size = len(chosen) * self.right.shape[1]
        return _damped(self.gram[chosen][:, :, chosen].reshape(size, size))


def _gain(rest: FloatArray, right: FloatArray, own: FloatArray) -> float:
    """How much of the sum of squares a block explains beside those that are chosen."""
    if not np.trace(rest) > _SAME * np.trace(own):
        return 0.0
    return float(right @ np.linalg.solve(_damped(rest), right))


def _damped(gram: FloatArray) -> FloatArray:
    return np.asarray(gram + (_RIDGE * np.trace(gram) + np.finfo(float).tiny) * np.eye(len(gram)))


def fit_products(
    terms: FloatArray, bulk: FloatArray, values: FloatArray, rank: int
) -> tuple[FloatArray, FloatArray]:
    """Functions, (rank, k), of the terms, (n, k), and coefficients, (rank, q), of bulk, (n, q).

    The sum over ranks of function times coefficient is nearest to the values, (n,): a start from
    the singular values of the unrestricted fit, then least squares in turn. Coefficients are
    orthonormal, and the first function is the largest.
    """
    q = bulk.shape[1]
    if rank >= q:
        return fit_functions(terms, bulk, np.eye(q), values), np.eye(q)
    full = fit_functions(terms, bulk, np.eye(q), values)
    sizes = np.sqrt((terms**2).mean(axis=0)) + np.finfo(float).tiny
    coefficients = np.linalg.svd((full * sizes).T, full_matrices=False)[2][:rank]
    for _ in range(_ROUNDS):
        functions = fit_functions(terms, bulk, coefficients, values)
        functions, coefficients = _canonical(terms, functions, coefficients)
        coefficients = fit_functions(bulk, terms, functions, values)
    return _canonical(terms, functions, coefficients)


def _canonical(
    terms: FloatArray, functions: FloatArray, coefficients: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The same sum of products by orthogonal functions and orthonormal coefficients."""
    triangle = np.linalg.qr(terms @ functions.T, mode="r")
    left, sizes, right = np.linalg.svd(triangle @ coefficients, full_matrices=False)
    return np.asarray((np.linalg.pinv(triangle) @ (left * sizes)).T @ functions), right


def fit_functions(
    terms: FloatArray,
    bulk: FloatArray,
    coefficients: FloatArray,
    values: FloatArray,
    weights: FloatArray | None = None,
) -> FloatArray:
    """The functions, (rank, k), for given coefficients, (rank, q); rows may have weights, (n,)."""
    rank, k = len(coefficients), terms.shape[1]
    design = ((bulk @ coefficients.T)[:, :, None] * terms[:, None, :]).reshape(-1, rank * k)
    weighted = design if weights is None else design * weights[:, None]
    # Columns of one length: only then does the damping mean the same for all. One that is zero in
    # all rows, as where symmetry forbids an invariant on each, keeps its own.
    length = np.sqrt(np.einsum("ij,ij->j", weighted, design))
    length[length < _NOTHING] = 1.0
    gram = weighted.T @ design / np.outer(length, length)
    solved = np.linalg.solve(_damped(gram), weighted.T @ values / length) / length
    return np.asarray(solved.reshape(rank, k))
