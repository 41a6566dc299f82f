"""The Materials Project: documents of any of its collections, through ``mp-api``."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from matops.core.data.database import DatabaseEntry, DatabaseQuery
from matops.core.data.record import Provenance
from matops.core.errors import BadInput
from matops.core.progress import Progress
from matops.processes.atomic import write_atomic
from matops.processes.retry import OVERLOADED, RetryPolicy

T = TypeVar("T")
Document = Mapping[str, Any]

ENGINE, LICENCE = "VASP", "CC-BY-4.0"
MATERIAL = "material_id"
STATUS = re.compile(r"error status code (\d+)")
TIMEOUT_S = 30
RETRY = RetryPolicy(pause_s=1.0)


class MaterialsProject:
    """The database behind the API; finished pages are kept, an interrupted download goes on."""

    def __init__(
        self,
        key: str,
        endpoint: str,
        kept: Path,
        retry: RetryPolicy = RETRY,
        timeout_s: int = TIMEOUT_S,
        page_size: int = 100,
    ) -> None:
        """Name the places; nothing is asked yet.

        ``kept`` is the directory of finished pages, ``timeout_s`` the server's longest silence.

        Raises:
            BadInput: there is no key, or it can't be one.
        """
        if not key:
            raise BadInput("MP_API_KEY is not set: the Materials Project answers only with a key")
        if len(key) != 32:
            raise BadInput(f"MP_API_KEY has {len(key)} characters; a key has 32")
        self.key, self.endpoint = key, endpoint.rstrip("/") + "/"
        self.kept, self.page_size = kept, page_size
        self.retry, self.timeout_s = retry, timeout_s

    def entries(self, query: DatabaseQuery, progress: Progress) -> Iterator[DatabaseEntry]:
        """The materials of a query, page by page.

        Raises:
            BadInput: the key is refused, or the service can't be reached.
        """
        version = self.version()
        directory = self.kept / version / _digest(query)
        names = self._kept(directory / "materials.json", lambda: self._names(version, query))
        pages = [names[i : i + self.page_size] for i in range(0, len(names), self.page_size)]
        done = 0
        for number, page in enumerate(pages):
            path = directory / f"page-{number:05d}.json"
            documents = self._kept(path, lambda page=page: self._documents(version, query, page))  # type: ignore[misc]
            by_name = {str(document.get(MATERIAL)): document for document in documents}
            for name in page:
                yield DatabaseEntry(_provenance(name, version, query), by_name.get(name, {}))
            done += len(page)
            progress(done, len(names), "materials")

    def version(self) -> str:
        """Version of the database, as in ``2025.09.25``; BadInput as of :meth:`entries`."""
        import httpx

        def ask() -> str:
            # mp-api asks the same, but would wait for ever for a server that stays silent.
            response = httpx.get(
                f"{self.endpoint}heartbeat", headers={"x-api-key": self.key}, timeout=self.timeout_s
            )
            _refuse_key(response.status_code)
            response.raise_for_status()
            return str(response.json()["db_version"])

        return self._patiently(ask)

    def _names(self, version: str, query: DatabaseQuery) -> list[str]:
        """Materials that have what is asked for and are not deprecated, in a fixed order."""
        from mp_api.client.routes.materials.summary import SummaryRester

        def ask() -> list[str]:
            with SummaryRester(**self._options(version)) as rester:
                documents = rester.search(
                    has_props=list(query.properties) or None,
                    deprecated=False,
                    elements=list(query.elements) or None,
                    num_sites=(1, query.max_sites) if query.max_sites else None,
                    fields=[MATERIAL],
                )
            return sorted({str(document[MATERIAL]) for document in documents})

        return self._patiently(ask)

    def _documents(
        self, version: str, query: DatabaseQuery, names: Sequence[str]
    ) -> list[Document]:
        from mp_api.client.routes.materials import MATERIALS_RESTERS

        def ask() -> list[Document]:
            with MATERIALS_RESTERS[query.collection](**self._options(version)) as rester:
                fields = [MATERIAL, *query.fields]
                return list(rester.search(material_ids=list(names), fields=fields))

        return self._patiently(ask)

    def _options(self, version: str) -> dict[str, Any]:
        return {
            "api_key": self.key,
            "endpoint": self.endpoint,
            "db_version": version,
            "timeout": self.timeout_s,
            "use_document_model": False,
            "mute_progress_bars": True,
        }

    def _kept(self, path: Path, fetch: Callable[[], T]) -> T:
        """What a file holds, or else what is fetched; it appears whole or not at all."""
        if path.is_file():
            return json.loads(path.read_bytes())  # type: ignore[no-any-return]
        content = fetch()
        write_atomic(path, json.dumps(content).encode())
        return content

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask until there is an answer: with longer and longer pauses, but not for ever."""
        try:
            return self.retry.call(ask, _is_transient)
        except BadInput:
            raise
        except Exception as error:  # of httpx, requests, mp-api and JSON: each has its own
            reason = _reason(error)
        raise BadInput(
            f"the Materials Project at {self.endpoint} gives no usable answer: {reason}; "
            "finished pages are kept, the same command goes on from there"
        )


def _provenance(name: str, version: str, query: DatabaseQuery) -> Provenance:
    return Provenance(
        source="materials-project",
        origin=f"Materials Project {version}: {name}",
        engine=ENGINE,
        # Without the version: a label that two versions share is one record.
        method=f"DFT, {query.collection} of the Materials Project",
        date=datetime.now(UTC).date().isoformat(),
        licence=LICENCE,
    )


def _digest(query: DatabaseQuery) -> str:
    text = json.dumps(asdict(query), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _refuse_key(status: int) -> None:
    if status in (401, 403):
        raise BadInput(f"the Materials Project refuses MP_API_KEY (HTTP {status})")


def _is_transient(error: BaseException) -> bool:
    return not isinstance(error, BadInput) and _status(error) in (None, 500, *OVERLOADED)


def _status(error: BaseException) -> int | None:
    """Of the answer that an error tells of: an attribute of httpx's, a phrase of mp-api's."""
    answer = getattr(error, "response", None)
    phrase = STATUS.search(str(error))
    return int(phrase[1]) if phrase else getattr(answer, "status_code", None)


def _reason(error: Exception) -> str:
    """A failure in one line; BadInput of its own where the key was refused."""
    status = _status(error)
    _refuse_key(status or 0)
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"HTTP {status}" if status else reason[:200]
