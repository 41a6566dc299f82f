"""All protocols of one model: from a request's bytes to its question, and back."""

from collections.abc import Sequence

from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols import v1, v2, v2_grpc
from matops.adapters.serving.protocols.asked import Answer, Asked
from matops.adapters.serving.protocols.question import Question, Row
from matops.adapters.serving.protocols.tensors import (
    ERRORS,
    answered,
    check_outputs,
    output_types,
    tensors_of,
)
from matops.core.predictor import Predictor


class Spoken:
    """What a model says in each protocol."""

    def __init__(self, predictor: Predictor, limits: Limits) -> None:
        self._family, self._limits = predictor.family, limits
        name, version = predictor.family.name, predictor.model_version
        self._about = {"model_name": name, "model_version": version}
        self._name, self._version = name, version
        self._words = {
            "dataset_version": predictor.dataset_version,
            # As text: gRPC's parameters know no floating-point numbers.
            "coverage": f"{predictor.conformal.coverage:g}",
            **{f"unit_{target.name}": target.unit for target in self._family.properties},
        }

    def read(self, asked: Asked) -> Question:
        """What a request asks.

        Raises:
            BadInput: it is not of its protocol's form, or asks for an output that there is not.
            NotFound: it asks another model.
        """
        if asked.protocol == "v1":
            return v1.read(asked, self._limits)
        if asked.protocol == "v2":
            question = v2.read(asked, self._limits)
        else:
            question = v2_grpc.read(asked, self._limits, self._name, self._version)
        known = {**output_types(self._family), **({ERRORS: ""} if question.skips else {})}
        check_outputs(question.outputs, known)
        return question

    def write(self, asked: Asked, question: Question, rows: Sequence[Row]) -> Answer:
        """The answer to a request, a row for each of its samples."""
        predictions = answered(rows)
        if asked.protocol == "v1":
            return Answer("ok", v1.write(rows), predictions=predictions)
        tensors = tensors_of(self._family, rows, question.skips, question.outputs)
        if asked.protocol == "v2":
            about = {**self._about, "parameters": self._words}
            body, json_bytes = v2.write(question, tensors, about)
            return Answer("ok", body, json_bytes, predictions)
        body = v2_grpc.write(question, tensors, self._about, self._words)
        return Answer("ok", body, predictions=predictions)
