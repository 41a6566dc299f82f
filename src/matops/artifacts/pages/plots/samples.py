"""Pictures of samples as SVG text, from numbers alone."""

from collections.abc import Sequence
from html import escape

import numpy as np

from matops.artifacts.pages.plots.style import AMBER, BLUE, GREEN, INK, ORANGE, PURPLE
from matops.core.quality.picture import View

COLOURS = (BLUE, ORANGE, GREEN, AMBER, PURPLE)
HEIGHT_PX = 150


def draw_views(views: Sequence[View]) -> str:
    """Views side by side, each with its title; empty without any."""
    return "".join(_draw(view) for view in views)


def _draw(view: View) -> str:
    left, top, width, height, shapes = _section(view) if view.solid is not None else _atoms(view)
    box = f"{left:.2f} {top:.2f} {width:.2f} {height:.2f}"
    names = sorted({disc.name for disc in view.discs})
    key = "".join(
        f'<b style="color:{COLOURS[i % len(COLOURS)]}"> ● {escape(name)}</b>'
        for i, name in enumerate(names)
    )
    svg = f'<svg viewBox="{box}" height="{HEIGHT_PX}" role="img">{shapes}</svg>'
    return f'<span class="view">{svg}<span class="note">{escape(view.title)}{key}</span></span>'


def _section(view: View) -> tuple[float, float, float, float, str]:
    """Runs of solid, row by row."""
    solid = np.asarray(view.solid, dtype=bool)
    edges = np.diff(np.pad(solid.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    runs = zip(starts.tolist(), ends[:, 1].tolist(), strict=True)
    path = "".join(f"M{x} {y}h{end - x}v1h{x - end}z" for (y, x), end in runs)
    rows, columns = solid.shape
    outline = f'<rect width="{columns}" height="{rows}" fill="none" stroke="{INK}"/>'
    return 0, 0, columns, rows, f'<path d="{path}" fill="{BLUE}"/>{outline}'


def _atoms(view: View) -> tuple[float, float, float, float, str]:
    names = sorted({disc.name for disc in view.discs})
    colour = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    corners = " ".join(f"{x:.2f},{-y:.2f}" for x, y in view.frame)
    shapes = f'<polygon points="{corners}" fill="none" stroke="{INK}" stroke-width="0.05"/>'
    shapes += "".join(
        f'<circle cx="{d.x:.2f}" cy="{-d.y:.2f}" r="{d.radius:.2f}" fill="{colour[d.name]}" '
        f'stroke="#fff" stroke-width="0.05"/>'
        for d in view.discs
    )
    ends = np.array([(d.x + s * d.radius, d.y + s * d.radius) for d in view.discs for s in (-1, 1)])
    ends = np.concatenate([ends, np.reshape(view.frame, (-1, 2))])
    low, high = ends.min(0) - 0.1, ends.max(0) + 0.1
    return low[0], -high[1], high[0] - low[0], high[1] - low[1], shapes
