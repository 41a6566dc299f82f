"""One of the processes that train together, as torchrun starts it."""

import logging
import os
import sys
import threading
from pathlib import Path

from matops.artifacts.jsonfile import from_json
from matops.core.errors import BadInput
from matops.entrypoints.configuration import family_config
from matops.entrypoints.learning.ranks import REFUSED, TOLD, RankRequest, joined_ranks
from matops.entrypoints.learning.workflow import train_model


def main() -> None:
    """Train as :class:`RankRequest`, the one argument, says."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.basicConfig(format=f"{TOLD}%(message)s")
    asked = from_json(sys.argv[1].encode(), RankRequest, "request")
    try:
        _, config = family_config(asked.family, asked.preset, asked.changes)
        with joined_ranks(config.training.device):
            train_model(
                asked.family,
                asked.preset,
                asked.changes,
                Path(asked.prepared),
                Path(asked.out),
                asked.init_from,
            )
    except BadInput as error:
        print(f"{REFUSED}{error}", file=sys.stderr)
        sys.exit(2)


def _end_with_parent() -> None:
    """End when standard input does: whoever held the other side was killed."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main()
