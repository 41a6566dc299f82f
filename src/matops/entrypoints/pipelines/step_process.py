"""The process of a pipeline's step: kfp's executor, in which bad input is one line."""

import runpy
import sys

from matops.entrypoints.events import Event, tell, telling_refusals
from matops.entrypoints.settings import parent_process
from matops.processes.worker_process import end_with

FUNCTION = "--function_to_execute"
"""kfp's option with the name of the step."""


def main() -> None:
    """Run the module that the first argument names, as ``python -m`` would.

    It ends with the run that started it: between the two stands a shell, which nobody tells.
    """
    del sys.argv[0]
    parent = parent_process()
    if parent:
        end_with(parent)
    if FUNCTION in sys.argv[:-1]:
        tell(Event("start", "starts", sys.argv[sys.argv.index(FUNCTION) + 1]))
    with telling_refusals():
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
