"""Pages that need nothing else: where their templates lie, and how they write numbers."""

import math
import re

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def template(name: str) -> Template:
    """A template of this package, with the filters ``number``, ``limit`` and ``markdown``."""
    environment = Environment(
        loader=PackageLoader("matops.artifacts.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": format_number, "limit": format_limit}
    environment.filters["markdown"] = markdown_text
    return environment.get_template(name)


def markdown_text(text: object) -> str:
    """Anybody's text as one line that Markdown leaves as it is, in a cell of a table too.

    Tags are left to the template, which escapes them in all pages.
    """
    return re.sub(r"([\\`*\[\]|~])", r"\\\1", " ".join(str(text).split()))


def _readable(text: str) -> str:
    """A number as Python writes it, with a true minus and a power of ten."""
    mantissa, _, exponent = text.partition("e")
    power = f"10{str(int(exponent)).translate(SUPERSCRIPTS)}" if exponent else ""
    parts = [mantissa.replace("-", "−")] * (mantissa != "1" or not power) + [power] * bool(power)
    return " × ".join(parts)


def format_number(value: float | None) -> str:
    """Three significant digits; a power of ten only where zeros would hide the number."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "not finite"
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e5:
        return _readable(f"{value:.2e}")
    digits = 2 - math.floor(math.log10(abs(float(f"{value:.2e}"))))
    return _readable(f"{value:,.{max(digits, 0)}f}")


def format_limit(value: float) -> str:
    """A limit as somebody wrote it: all its digits, and no zeros that claim a precision."""
    return _readable(f"{value:,.9g}")
