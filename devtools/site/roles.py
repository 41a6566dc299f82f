"""An extension of Griffe: Sphinx roles in docstrings, as :func:`here`, become links or code."""

import re
from typing import Any

from griffe import Docstring, Extension, Object

ROLE = re.compile(r":(?:class|func|meth|mod|data|attr|exc):`(~?)([\w.]+)`")
LITERAL = re.compile(r"(?<!`)``(?!`)")


def without_roles(text: str) -> str:
    """Markdown for a docstring: a role is a link where its target has a place on the site."""
    return LITERAL.sub("`", ROLE.sub(_link, text))


def _link(role: re.Match[str]) -> str:
    short, target = role[1], role[2]
    words = target.rpartition(".")[2] if short else target
    return f"<autoref optional identifier='{target}'><code>{words}</code></autoref>"


class Roles(Extension):
    """Rewrites every docstring once it is read."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if isinstance(obj.docstring, Docstring):
            obj.docstring.value = without_roles(obj.docstring.value)
