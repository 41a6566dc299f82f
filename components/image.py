"""The image in which the components run, unless a pipeline's parameter names another."""

from matops.entrypoints.settings import read_settings

IMAGE = read_settings().image
