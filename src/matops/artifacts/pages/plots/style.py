"""The look that all figures share, and their way to SVG text, without pyplot."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, FuncFormatter, Locator, LogLocator, NullLocator

# Okabe and Ito's palette, which people with any colour vision can tell apart.
BLUE, ORANGE, GREEN, PURPLE, AMBER = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"
INK, QUIET, FAINT = "#1f2933", "#6b7785", "#d5dae0"
LINES = ("-", "--", "-.", ":", "-")
SERIES = tuple(zip((BLUE, ORANGE, GREEN, PURPLE, AMBER), "os^Dv", LINES, strict=True))

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "matops",
    "text.usetex": False,
    "text.parse_math": False,  # names of targets may hold a dollar sign
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlecolor": QUIET,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#eceff2",
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def applied() -> Iterator[None]:
    """Draw in the report's look, and leave the settings of the process as they were."""
    with rc_context(STYLE):
        yield


def quantity(words: str, unit: str) -> str:
    """An axis label with its unit, as in ``true K_VRH (GPa)``; pure numbers have none."""
    return words if unit == "1" else f"{words} ({unit})"


def log_axis(axis: Axis, low: float, high: float) -> None:
    """Ticks with plain numbers, and enough of them, on a logarithmic axis from low to high."""
    decades = np.log10(high / low)
    locator: Locator = LogLocator(subs=(1.0,) if decades > 2.5 else (1.0, 2.0, 5.0))
    axis.set_major_locator(AutoLocator() if decades < 0.7 else locator)
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def legend(figure: Figure, columns: int = 3) -> Figure:
    """The figure with one legend below all its axes."""
    figure.legend(loc="outside lower center", ncols=columns, handletextpad=0.5, columnspacing=1.5)
    return figure


def new_figure(inches: tuple[float, float] = (5.4, 4.5)) -> Figure:
    """An empty figure; most have this size."""
    return Figure(figsize=inches, layout="constrained")


def new_panel(*inches: tuple[float, float], **scales: Any) -> tuple[Figure, Axes]:
    """A figure with one pair of axes."""
    figure = new_figure(*inches)
    return figure, figure.add_subplot(**scales)


@applied()
def to_svg(figure: Figure, name: str) -> str:
    """The figure as an ``<svg>`` element, the same text each time.

    All its ids begin with ``name``, which is unique on the page, so that figures on one page can't
    refer to each other's parts.
    """
    buffer = io.StringIO()
    silence = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", dpi=200, metadata=silence)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for reference in (' id="', "url(#", 'xlink:href="#'):
        text = text.replace(reference, f"{reference}{name}-")
    return text


@applied()
def save_png(figure: Figure, path: Path) -> None:
    """Write the figure as a picture on white, for slides and READMEs."""
    figure.savefig(path, format="png", dpi=200, facecolor="white")
