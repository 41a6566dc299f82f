"""The page of a server: what it is, and how to ask it."""

import json

from matops.adapters.serving.limits import Limits
from matops.adapters.serving.served import Served
from matops.artifacts.pages.page import template
from matops.core.data.payloads import PayloadForm


def page(served: Served, limits: Limits) -> str:
    """HTML that needs nothing from elsewhere."""
    family = served.family
    form = _example_form(family.payload_forms)
    body = json.dumps({"instances": [{form.key: form.example}]})
    return template("server.html.j2").render(
        served=served, family=family, limits=limits.of(family.largest_sample), body=body
    )


def _example_form(forms: tuple[PayloadForm, ...]) -> PayloadForm:
    """The form whose example can be read: plain JSON, if there is one."""
    plain = (form for form in forms if form.encoding == "json" and not form.is_structure)
    return next(plain, forms[0])
