"""The use-cases, in reading order: ingest, preprocess, train, evaluate, release."""
