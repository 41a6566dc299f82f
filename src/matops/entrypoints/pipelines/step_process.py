"""The process of a pipeline's step: kfp's executor, in which bad input is one line."""

import runpy
import sys

from matops.entrypoints.events import telling_refusals


def main() -> None:
    """Run the module that the first argument names, as ``python -m`` would."""
    del sys.argv[0]
    with telling_refusals():
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
