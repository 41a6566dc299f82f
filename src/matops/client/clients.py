"""The two clients: one that waits, one that lets others work meanwhile."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from typing import Any, Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from matops.client.conversation import Ask, Conversation, Patience, Pause, Reply, converse
from matops.client.errors import NoAnswer
from matops.client.samples import Accepted, Sample, accepted_by, needs_forms, to_payloads
from matops.core.errors import BadInput
from matops.core.quality.prediction import Prediction

T = TypeVar("T")

JSON = {"content-type": "application/json"}
MODEL_ADDRESS = re.compile(r"(?P<server>.+?)/v[12]/models/(?P<model>[^/:?#]+)(:predict|/infer)?")
NOTHING = Accepted(())
PREDICTIONS = TypeAdapter(list[Prediction])


class _Questions:
    """What both clients ask, as conversations: they differ in how they wait only."""

    def __init__(self, url: str, model: str = "", patience: Patience | None = None) -> None:
        address = MODEL_ADDRESS.fullmatch(url.rstrip("/"))
        self.url = address["server"] if address else url.rstrip("/")
        self._name = model or (address["model"] if address else "")
        self._accepted: Accepted | None = None
        self._patience = patience or Patience()

    def _asking(self, path: str, body: bytes | None = None) -> Conversation[dict[str, Any]]:
        return converse(
            self.url, Ask("GET" if body is None else "POST", path, body), self._patience
        )

    def _asking_model(self) -> Conversation[str]:
        if not self._name:
            models = (yield from self._asking("/v1/models")).get("models")
            if not isinstance(models, list) or not models:
                raise NoAnswer(self.url, "the server has no model")
            self._name = str(models[0])
        return self._name

    def _asking_metadata(self) -> Conversation[dict[str, Any]]:
        model = yield from self._asking_model()
        return (yield from self._asking(f"/v2/models/{model}"))

    def _asking_accepted(self) -> Conversation[Accepted]:
        if self._accepted is None:
            self._accepted = accepted_by(self.url, (yield from self._asking_metadata()))
        return self._accepted

    def _asking_about(self, samples: Sequence[Sample]) -> Conversation[list[Prediction]]:
        are_plain = not any(map(needs_forms, samples))
        accepted = NOTHING if are_plain else (yield from self._asking_accepted())
        payloads = [payload for sample in samples for payload in to_payloads(sample, accepted)]
        model = yield from self._asking_model()
        try:
            body = json.dumps({"instances": payloads}, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise BadInput(f"a sample is no JSON: {error}") from None
        answer = yield from self._asking(f"/v1/models/{model}:predict", body)
        try:
            predictions = PREDICTIONS.validate_python(answer.get("predictions"))
        except ValidationError:
            predictions = []
        if len(predictions) != len(payloads):
            raise NoAnswer(self.url, "the answer does not have one prediction for each sample")
        return predictions


class Client(_Questions):
    """A client that waits for each answer.

    Args:
        url: of the server, as in ``http://127.0.0.1:8080``, or of its model there.
        model: name of the model; asked of the server where it is left out.
        patience: timeouts and retries.
    """

    def __init__(self, url: str, model: str = "", patience: Patience | None = None) -> None:
        super().__init__(url, model, patience)
        self._http = httpx.Client(base_url=self.url, headers=JSON, timeout=self._patience.timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def model(self) -> str:
        """Name of the model that is served: its family's.

        Raises:
            NoAnswer: no server answers, or it serves no model.
        """
        return self._wait(self._asking_model())

    def metadata(self) -> dict[str, Any]:
        """What the server says of its model: units, coverage, payloads and limits.

        It raises as :meth:`predict` does.
        """
        return self._wait(self._asking_metadata())

    def accepted(self) -> Accepted:
        """What the model takes; asked of the server once. It raises as :meth:`predict` does."""
        return self._wait(self._asking_accepted())

    def predict(self, samples: Sequence[Sample]) -> list[Prediction]:
        """Predictions of samples, in order; of all those that a file of several has.

        Raises:
            Refused: a sample is not valid, or the request exceeds the server's limits.
            NoAnswer: no server answered in all attempts.
            BadInput: a file can't be read, or a sample is no JSON, as one with NaN.
        """
        return self._wait(self._asking_about(samples))

    def _wait(self, conversation: Conversation[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                outcome: T = end.value
                return outcome
            reply = None
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                continue
            try:
                reply = self._http.request(step.method, step.path, content=step.body)
            except httpx.HTTPError as error:
                reply = error


class AsyncClient(_Questions):
    """The same, to be awaited; one client may have many requests under way."""

    def __init__(self, url: str, model: str = "", patience: Patience | None = None) -> None:
        super().__init__(url, model, patience)
        self._http = httpx.AsyncClient(
            base_url=self.url, headers=JSON, timeout=self._patience.timeout_s
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def model(self) -> str:
        """As :meth:`Client.model`."""
        return await self._wait(self._asking_model())

    async def metadata(self) -> dict[str, Any]:
        """As :meth:`Client.metadata`."""
        return await self._wait(self._asking_metadata())

    async def accepted(self) -> Accepted:
        """As :meth:`Client.accepted`."""
        return await self._wait(self._asking_accepted())

    async def predict(self, samples: Sequence[Sample]) -> list[Prediction]:
        """As :meth:`Client.predict`."""
        return await self._wait(self._asking_about(samples))

    async def _wait(self, conversation: Conversation[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                outcome: T = end.value
                return outcome
            reply = None
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                continue
            try:
                reply = await self._http.request(step.method, step.path, content=step.body)
            except httpx.HTTPError as error:
                reply = error
