"""Processes that tests start for themselves, forked from one that has the imports behind it.

A spawned process imports torch and all that trains: seconds, each time. One forked from a process
that has no thread is there in milliseconds.
"""

from multiprocessing import get_context

context = get_context("forkserver")
context.set_forkserver_preload(["tests.support.training_process", "s3fs"])
