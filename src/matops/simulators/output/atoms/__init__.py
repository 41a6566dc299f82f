"""Atoms from the files that simulations write, one format a file; forms.py is the door."""
