"""The two clients: one that waits, one that lets others work meanwhile."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import TypeAdapter, ValidationError

from matops.client.conversation import Ask, Conversation, Patience, Pause, converse
from matops.client.errors import NoAnswer
from matops.client.samples import Accepted, Payload, Sample, accepted_by, needs_forms, to_payloads
from matops.core.errors import BadInput
from matops.core.quality.prediction import Prediction

JSON = {"content-type": "application/json"}
MODEL_ADDRESS = re.compile(r"(?P<server>.+?)/v[12]/models/(?P<model>[^/:?#]+)(:predict|/infer)?")
NOTHING = Accepted(())
PREDICTIONS = TypeAdapter(list[Prediction])


class Client:
    """A client that waits for each answer.

    Args:
        url: of the server, as in ``http://127.0.0.1:8080``, or of its model there.
        model: name of the model; asked of the server where it is left out.
        patience: timeouts and retries.
    """

    def __init__(self, url: str, model: str = "", patience: Patience | None = None) -> None:
        self.url, named = _server_and_model(url)
        self._model = model or named
        self._accepted: Accepted | None = None
        self._patience = patience or Patience()
        self._http = httpx.Client(base_url=self.url, headers=JSON, timeout=self._patience.timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def model(self) -> str:
        """Name of the model that is served: its family's.

        Raises:
            NoAnswer: no server answers, or it serves no model.
        """
        if not self._model:
            self._model = _first_model(self.url, self._ask(Ask("GET", "/v1/models")))
        return self._model

    def metadata(self) -> dict[str, Any]:
        """What the server says of its model: units, coverage, payloads and limits.

        Raises:
            Refused, NoAnswer: as in :meth:`predict`.
        """
        return self._ask(Ask("GET", f"/v2/models/{self.model()}"))

    def accepted(self) -> Accepted:
        """What the model takes; asked of the server once.

        Raises:
            Refused, NoAnswer: as in :meth:`predict`.
        """
        self._accepted = self._accepted or accepted_by(self.url, self.metadata())
        return self._accepted

    def predict(self, samples: Sequence[Sample]) -> list[Prediction]:
        """Predictions of samples, in order; of all those that a file of several has.

        Raises:
            Refused: a sample is not valid, or the request exceeds the server's limits.
            NoAnswer: no server answered in all attempts.
            BadInput: a file can't be read, or a sample is no JSON, as one with NaN.
        """
        accepted = self.accepted() if any(map(needs_forms, samples)) else NOTHING
        payloads = [payload for sample in samples for payload in to_payloads(sample, accepted)]
        return _predictions(self.url, len(payloads), self._ask(_asked(self.model(), payloads)))

    def _ask(self, ask: Ask) -> dict[str, Any]:
        conversation = converse(self.url, ask, self._patience)
        reply: httpx.Response | httpx.HTTPError | None = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                answer: dict[str, Any] = end.value
                return answer
            reply = None
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                continue
            try:
                reply = self._http.request(step.method, step.path, content=step.body)
            except httpx.HTTPError as error:
                reply = error


class AsyncClient:
    """The same, to be awaited; one client may have many requests under way."""

    def __init__(self, url: str, model: str = "", patience: Patience | None = None) -> None:
        self.url, named = _server_and_model(url)
        self._model = model or named
        self._accepted: Accepted | None = None
        self._patience = patience or Patience()
        self._http = httpx.AsyncClient(
            base_url=self.url, headers=JSON, timeout=self._patience.timeout_s
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def model(self) -> str:
        """As :meth:`Client.model`."""
        if not self._model:
            self._model = _first_model(self.url, await self._ask(Ask("GET", "/v1/models")))
        return self._model

    async def metadata(self) -> dict[str, Any]:
        """As :meth:`Client.metadata`."""
        return await self._ask(Ask("GET", f"/v2/models/{await self.model()}"))

    async def accepted(self) -> Accepted:
        """As :meth:`Client.accepted`."""
        self._accepted = self._accepted or accepted_by(self.url, await self.metadata())
        return self._accepted

    async def predict(self, samples: Sequence[Sample]) -> list[Prediction]:
        """As :meth:`Client.predict`."""
        accepted = await self.accepted() if any(map(needs_forms, samples)) else NOTHING
        payloads = [payload for sample in samples for payload in to_payloads(sample, accepted)]
        answer = await self._ask(_asked(await self.model(), payloads))
        return _predictions(self.url, len(payloads), answer)

    async def _ask(self, ask: Ask) -> dict[str, Any]:
        conversation: Conversation = converse(self.url, ask, self._patience)
        reply: httpx.Response | httpx.HTTPError | None = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                answer: dict[str, Any] = end.value
                return answer
            reply = None
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                continue
            try:
                reply = await self._http.request(step.method, step.path, content=step.body)
            except httpx.HTTPError as error:
                reply = error


def _server_and_model(url: str) -> tuple[str, str]:
    """The address of the server, and the model where the URL names one."""
    address = MODEL_ADDRESS.fullmatch(url.rstrip("/"))
    return (address["server"], address["model"]) if address else (url.rstrip("/"), "")


def _asked(model: str, payloads: Sequence[Payload]) -> Ask:
    try:
        body = json.dumps({"instances": payloads}, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"a sample is no JSON: {error}") from None
    return Ask("POST", f"/v1/models/{model}:predict", body)


def _first_model(url: str, answer: dict[str, Any]) -> str:
    models = answer.get("models")
    if not isinstance(models, list) or not models:
        raise NoAnswer(url, "the server has no model")
    return str(models[0])


def _predictions(url: str, expected: int, answer: dict[str, Any]) -> list[Prediction]:
    try:
        found = PREDICTIONS.validate_python(answer.get("predictions"))
    except ValidationError:
        found = []
    if len(found) != expected:
        raise NoAnswer(url, "the answer does not have one prediction for each sample")
    return found
