"""A released model as a registry is told of it."""

from matops.steps.ports import Registration

FIRST = Registration(
    family="elastic_cgcnn",
    title="Moduli of crystals",
    version="8a727648abea",
    address="s3://models/elastic_cgcnn/8a727648abea",
    tags={"matops.data_version": "d41d8cd98f", "matops.verdict": "accepted"},
)
