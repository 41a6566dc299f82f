"""Do the intervals of a released model hold where De is small? Images that it has never seen.

    python -m benchmarks.diffusivity_cnn2d_coverage --package PACKAGE --work WORK --first 3000

PACKAGE is a model trained on the first 3,000 images of the preset ``full``; WORK has the labels of
``benchmarks.diffusivity_cnn2d_accuracy``, of which those from number 3,000 on are asked. Ranges
are those of the predicted De/D0: the calibration knows bins of no other value.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.diffusivity_cnn2d_accuracy import FAMILY, finished
from matops.artifacts.model.package import load_checked
from matops.core.data.record import Record
from matops.core.predictor import Predictor
from matops.core.quality.metrics import ratio_of_sums, with_interval

RANGES = ((0.0, 0.05), (0.05, 0.1), (0.0, 0.1), (0.1, 0.2), (0.2, 1.01), (0.0, 1.01))
"""Of the predicted De/D0; what is answered by 0 is none of them."""
AT_ONCE = 64
COLUMNS = (
    "predicted De/D0",
    "rows",
    "coverage",
    "95 % interval",
    "median half width over De",
    "mean RE",
)


def asked(predictor: Predictor, records: list[Record]) -> tuple[NDArray[np.float64], int]:
    """Truth, answer and interval of each row in the domain, shape (rows, 4); images outside it."""
    rows, outside = [], 0
    for first in range(0, len(records), AT_ONCE):
        part = records[first : first + AT_ONCE]
        for record, answer in zip(
            part, predictor.predict([record.payload for record in part]), strict=True
        ):
            outside += answer.out_of_domain
            if not answer.out_of_domain:
                for name, estimate in answer.estimates.items():
                    ends = (estimate.value, estimate.lower, estimate.upper)
                    rows.append([record.targets[name], *ends])
    return np.array(rows, dtype=float), outside


def main(
    package: Annotated[Path, typer.Option(help="Directory of a model package")],
    work: Annotated[Path, typer.Option(help="Where labels are kept")],
    first: Annotated[int, typer.Option(help="Images that the model may have seen")],
    take: Annotated[int, typer.Option(help="Ask so many of the others; 0 for all")] = 0,
    count: int = 10_000,
) -> None:
    """Print a Markdown table."""
    full: Any = FAMILY.preset("full")
    predictor = load_checked(package)
    records, _ = finished(replace(full.simulation, count=count, doubled_share=0.0), work)
    seen = {record.group for record in records[:first]}
    others = [record for record in records[first:] if record.group not in seen]
    rows, outside = asked(predictor, others[: take or None])
    truth, value, lower, upper = rows.T
    image = np.arange(len(rows)) // 2
    nominal = predictor.conformal.coverage
    print(f"{len(rows)} rows of {len(rows) // 2} images in the domain, {outside} images outside; ")
    print(
        f"{(value == 0).sum()} are answered by 0, of which {(truth[value == 0] > 0).sum()} span. "
    )
    print(f"Promised: {nominal:.0%}\n\n| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    inside = ((truth >= lower) & (truth <= upper)).astype(float)
    for low, high in RANGES:
        own = (value > low) & (value <= high)
        held = with_interval(
            "1", [inside[own], np.ones(own.sum())], image[own].tolist(), ratio_of_sums
        )
        wide = np.median((upper - lower)[own] / 2 / value[own])
        relative = np.abs(value[own] / truth[own] - 1).mean()
        cells = f"{held.value:.3f} | {held.low:.3f} to {held.high:.3f} | {wide:.4f}"
        print(f"| {low:g} to {min(high, 1):g} | {own.sum()} | {cells} | {relative:.4f} |")


if __name__ == "__main__":
    typer.run(main)
