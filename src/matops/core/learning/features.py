"""Packed features: all samples of a dataset in a few flat tensors, batched by gathering."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from matops.core.data.target import SAMPLE_AXIS


@dataclass(frozen=True)
class Batch:
    """Some samples, ready for a network."""

    tensors: Mapping[str, Tensor]  # arrays by name; pointers are rows within this batch
    # for each ragged axis, the batch row to which each of its rows belongs
    sample_of: Mapping[str, Tensor]
    size: int  # number of samples

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]


@dataclass(frozen=True)
class PackedFeatures:
    """Features of many samples as flat tensors.

    An array is named ``axis.what``. On the axis ``sample`` it has one row a sample; on any other
    axis (``atom``, ``edge``) its rows are concatenated sample by sample, ``counts[axis]`` rows
    each. A pointer array holds row numbers of another axis, counted from its sample's first row.
    """

    tensors: Mapping[str, Tensor]  # array by name
    # for each ragged axis, rows a sample, shape (n_samples,)
    counts: Mapping[str, Tensor] = field(default_factory=dict)
    # for each pointer array, the axis into which it points
    pointers: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        for counts in self.counts.values():
            return len(counts)
        return len(next(iter(self.tensors.values())))

    @property
    def rows(self) -> dict[str, NDArray[np.int64]]:
        """Rows a sample by ragged axis, shape (n_samples,)."""
        return {axis: counts.cpu().numpy() for axis, counts in self.counts.items()}

    @property
    def most_rows(self) -> int:
        """Rows of the longest axis."""
        return max(len(tensor) for tensor in self.tensors.values())

    def to(self, device: torch.device) -> "PackedFeatures":
        """The same features on a device."""
        return PackedFeatures(
            {name: tensor.to(device) for name, tensor in self.tensors.items()},
            {axis: counts.to(device) for axis, counts in self.counts.items()},
            self.pointers,
        )

    def batch(self, rows: Tensor) -> Batch:
        """The samples ``rows`` (any order), gathered without a Python loop over samples."""
        sample_of, picked, starts = {}, {}, {}
        for axis, counts in self.counts.items():
            chosen = counts[rows]
            starts[axis] = torch.cumsum(chosen, 0) - chosen
            owner = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), chosen)
            first = (torch.cumsum(counts, 0) - counts)[rows]
            within = torch.arange(len(owner), device=rows.device) - starts[axis][owner]
            sample_of[axis], picked[axis] = owner, first[owner] + within
        tensors = {}
        for name, tensor in self.tensors.items():
            axis = name.split(".", 1)[0]
            tensors[name] = tensor[rows if axis == SAMPLE_AXIS else picked[axis]]
            if name in self.pointers:
                tensors[name] = tensors[name] + starts[self.pointers[name]][sample_of[axis]]
        return Batch(tensors, sample_of, len(rows))

    def part(self, first: int, last: int) -> Batch:
        """The samples from ``first`` to before ``last``, as :meth:`batch` has them, uncopied."""
        some = {SAMPLE_AXIS: slice(first, last)}
        sample_of, starts = {}, {}
        for axis, counts in self.counts.items():
            ends = torch.cumsum(counts, 0)
            own = counts[first:last]
            begin, end = (int(ends[i - 1]) if i else 0 for i in (first, first + len(own)))
            some[axis] = slice(begin, end)
            sample_of[axis] = torch.repeat_interleave(own, output_size=end - begin)
            starts[axis] = ends[first:last] - own - begin
        tensors = {name: t[some[name.split(".", 1)[0]]] for name, t in self.tensors.items()}
        if len(self) > 1:  # the rows of an only sample are counted from its first already
            for name, axis in self.pointers.items():
                tensors[name] = tensors[name] + starts[axis][sample_of[name.split(".", 1)[0]]]
        return Batch(tensors, sample_of, min(last, len(self)) - first)

    def take(self, rows: Tensor) -> "PackedFeatures":
        """A packed copy of some samples, in the order of ``rows``."""
        batch = self.batch(rows)
        tensors = dict(batch.tensors)
        counts = {axis: counts[rows] for axis, counts in self.counts.items()}
        for name, target_axis in self.pointers.items():
            owner = batch.sample_of[name.split(".", 1)[0]]
            starts = torch.cumsum(counts[target_axis], 0) - counts[target_axis]
            tensors[name] = tensors[name] - starts[owner]
        return PackedFeatures(tensors, counts, self.pointers)

    def flat(self) -> dict[str, Tensor]:
        """All tensors under one name each, for a safetensors file."""
        counts = {f"count/{axis}": counts for axis, counts in self.counts.items()}
        return {**self.tensors, **counts}

    @classmethod
    def from_flat(cls, flat: Mapping[str, Tensor], pointers: Mapping[str, str]) -> "PackedFeatures":
        """Rebuild what :meth:`flat` wrote."""
        counts = {k.removeprefix("count/"): v for k, v in flat.items() if k.startswith("count/")}
        tensors = {k: v for k, v in flat.items() if not k.startswith("count/")}
        return cls(tensors, counts, pointers)
