"""Hyperparameter search: trials on the training groups alone, measured once on the others."""
