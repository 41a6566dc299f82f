"""Predictions as a table."""

from pathlib import Path

from matops.core.data.value import value_text
from matops.core.quality.prediction import Prediction
from matops.entrypoints.whole_table import WholeTable


def prediction_table(answers: dict[str, Prediction]) -> WholeTable:
    """One row a sample and property."""
    rows = []
    for file, prediction in answers.items():
        unseen = f", unseen: {' '.join(prediction.unseen)}" if prediction.unseen else ""
        place = "OUTSIDE" if prediction.out_of_domain else "inside"
        domain = f"{place} ({prediction.domain_score:.2f}{unseen})"
        name = Path(file).name
        for target, e in (prediction.estimates | prediction.derived).items():
            interval = "none"
            if e.lower is not None and e.upper is not None:
                interval = f"{value_text(e.lower)} to {value_text(e.upper)}"
            unit = "" if e.unit == "1" else e.unit
            rows.append((name, target, value_text(e.value), interval, unit, domain))
    columns = ("file", "property", "value", "interval", "unit", "domain")
    return WholeTable(columns, rows, prose=("domain",))
