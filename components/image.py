"""The image in which the components run."""

import os

IMAGE = os.environ.get("MATOPS_IMAGE", "matops-python:0.1.0")
"""Image of every step, read when pipelines are compiled; a run may override the training step's."""
