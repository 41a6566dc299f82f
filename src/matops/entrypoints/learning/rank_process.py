"""One of the processes that train together, as torchrun starts it."""

import logging
import os
import sys
import threading
from pathlib import Path

from matops.artifacts.jsonfile import from_json
from matops.entrypoints.configuration import family_config
from matops.entrypoints.events import Event, tell, telling_refusals
from matops.entrypoints.learning.ranks import RankRequest, joined_ranks
from matops.entrypoints.learning.workflow import train_model


class _Messages(logging.Handler):
    """What is logged as messages to the parent."""

    def emit(self, record: logging.LogRecord) -> None:
        tell(Event("message", record.getMessage()))


def main() -> None:
    """Train as :class:`RankRequest`, the one argument, says."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.basicConfig(handlers=[_Messages()])
    request = from_json(sys.argv[1].encode(), RankRequest, "request")
    with telling_refusals():
        named = request.family, request.preset, request.changes
        _, config = family_config(*named)
        with joined_ranks(config.training.device):
            train_model(*named, Path(request.prepared), Path(request.out), request.init_from)


def _end_with_parent() -> None:
    """End when standard input does: whoever held the other side was killed."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main()
