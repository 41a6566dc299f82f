"""The images in which the components run, unless a pipeline's parameter names another."""

from matops.entrypoints.settings import read_settings

IMAGE = read_settings().image
TRAIN_IMAGE = read_settings().train_image
