"""Simulations that turn a crystal into labelled data, and campaigns that run many of them."""
