"""Crystals as graphs: neighbours, and atoms that can't be told apart."""
