"""A client of a model server: predictions as typed objects, with retries and timeouts.

    from matops.client import Client

    with Client("http://127.0.0.1:8080") as client:
        [prediction] = client.predict([Path("LiGdAu2.cif")])

:class:`AsyncClient` is the same with ``await``. Importing this loads no model code.
"""

from matops.client.clients import AsyncClient, Client
from matops.client.conversation import Patience
from matops.client.errors import NoAnswer, Refused
from matops.client.samples import Sample
from matops.core.quality.prediction import Estimate, Prediction

__all__ = [
    "AsyncClient",
    "Client",
    "Estimate",
    "NoAnswer",
    "Patience",
    "Prediction",
    "Refused",
    "Sample",
]
