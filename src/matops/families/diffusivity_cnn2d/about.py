"""What the family is about: no library but NumPy is needed to read it."""

from matops.core.data.sources import About as AnyAbout
from matops.core.data.sources import SourceForm
from matops.core.data.target import Target
from matops.simulators.output.manifest_table import NAMES as MANIFESTS

LOG_FLOOR = 1e-6
"""Added to De/D0 before its logarithm: a thousandth of the least that spans an image of 128²."""
TARGETS = tuple(
    Target(
        name=f"D_{axis}",
        unit="1",
        description=f"effective diffusivity along {axis} over that of the free fluid, De/D0",
        scale="log10",
        lower=0.0,
        upper=1.0,
        closed=True,
        log_floor=LOG_FLOOR,
        absolute=True,
        quantity="D",
    )
    for axis in "xy"
)
DERIVED = (
    Target(
        "mean_diffusivity",
        "1",
        "mean of D_x and D_y",
        "log10",
        lower=0.0,
        upper=1.0,
        closed=True,
        log_floor=LOG_FLOOR,
    ),
    Target(
        "relative_anisotropy",
        "1",
        "difference of D_x and D_y over their mean",
        lower=0.0,
        upper=2.0,
        closed=True,
    ),
)
"""What follows from them; two numbers of which none is negative differ by two means at most."""

POLARITY = "its name says which pixels are pores, as in rock.pores-white.png"
LAYOUTS = (
    SourceForm(
        "manifest",
        f"{' or '.join(MANIFESTS)} beside images, with D_x [1] and D_y [1]; see docs/sources.md",
    ),
    SourceForm(
        "image",
        "a .png, .tif, .tiff, .gif, .npy or a directory of these, black and white or with a stated "
        f"threshold (rock.pores-white.threshold-128.png); {POLARITY}. Labelled here",
    ),
    SourceForm(
        "pixel table",
        "a .csv or .csv.gz with a column for each square image, 0 and 1 row by row (16,384 for "
        f"128 × 128), with or without a heading; {POLARITY}. Labelled here",
    ),
)
"""Layouts of files; what is not in one of them is refused."""


class About(AnyAbout):
    """Name, targets and sources."""

    name = "diffusivity_cnn2d"
    title = "Effective diffusivity of porous media (2D convolution)"
    paper = "Wu, Yin and Xiao, Sci. Rep. 9, 20387 (2019)"
    targets = TARGETS
    derived = DERIVED
    sources = (
        SourceForm(
            "simulation", "random structures of several kinds, labelled here by finite volumes"
        ),
        *LAYOUTS,
    )
