"""An export as an RO-Crate: its files, and where they come from, as JSON-LD."""

from pathlib import Path

from rocrate.model.contextentity import ContextEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from matops.artifacts.model.package import sha256
from matops.artifacts.pages.exchange.publication import (
    CROISSANT,
    DATA,
    MODEL_CARD,
    PACKAGE,
    Publication,
    licence_address,
)

FORMATS = {
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".safetensors": "application/octet-stream",
    ".sig": "application/json",
}
MEANINGS = {
    MODEL_CARD: "Model card: intended use, gates, measured errors, domain, limits",
    CROISSANT: "Croissant: the data that trained the model, its files and fields",
    f"{PACKAGE}/card.json": "The package's card, as matops reads it",
    f"{PACKAGE}/golden.json": "Requests with the answers that every server must give",
    f"{PACKAGE}/weights.safetensors": "Weights of the networks, and the domain's arrays",
    f"{PACKAGE}/model.sig": "OpenSSF Model Signing: signature of the package's files",
}


def write_research_object(export: Path, published: Publication) -> None:
    """Write ``ro-crate-metadata.json`` beside the files of an export, which are all there."""
    crate, card = ROCrate(), published.card
    crate.metadata.extra_terms["sha256"] = "https://schema.org/sha256"
    author = crate.add(
        ContextEntity(crate, "#author", {"@type": "Person", "name": published.stated.author})
    )
    files = [_add_file(crate, export, path) for path in sorted(export.rglob("*")) if path.is_file()]
    weights = next(file for file in files if file.id.endswith(".safetensors"))
    root = crate.root_dataset
    root["name"] = f"{published.title}: {card.family} {card.version}"
    state = f"{card.verdict.outcome} by its gates; {published.stated.signature}"
    root["description"] = f"A model package of matops, {state}."
    root["datePublished"], root["version"] = card.created, card.version
    root["author"], root["mainEntity"] = author, weights
    root["license"] = (
        _licence(crate, published.stated.licence) if published.stated.licence else "not stated"
    )
    starts = [_model(crate, start.version) for start in card.lineage]
    if starts:
        root["isBasedOn"] = starts
    _add_training(crate, published, author, [f for f in files if f.id.startswith(PACKAGE)], starts)
    crate.metadata.write(export)


def _add_file(crate: ROCrate, export: Path, path: Path) -> Entity:
    name = path.relative_to(export).as_posix()
    properties = {
        "name": path.name,
        "contentSize": str(path.stat().st_size),
        "encodingFormat": FORMATS.get(path.suffix, "application/octet-stream"),
        "sha256": sha256(path),
    }
    meaning = MEANINGS.get(name) or ("Records that trained it" if name.startswith(DATA) else "")
    if meaning:
        properties["description"] = meaning
    return crate.add_file(path, name, properties=properties)


def _add_training(
    crate: ROCrate,
    published: Publication,
    author: Entity,
    made: list[Entity],
    starts: list[Entity],
) -> None:
    """Who made the package, with which code, of which data and from which models."""
    card = published.card
    code = ContextEntity(
        crate,
        "#matops",
        {
            "@type": "SoftwareApplication",
            "name": "matops",
            "softwareVersion": card.environment.matops,
            "version": card.environment.commit or "commit not known",
            "softwareRequirements": [
                f"Python {card.environment.python}",
                f"PyTorch {card.environment.torch}",
            ],
        },
    )
    crate.add(code)
    action = {"name": f"Training of {published.name}", "endTime": card.created}
    crate.add_action(
        code,
        "#training",
        object=[_data(crate, published), *starts],
        result=made,
        properties={"@type": "CreateAction", "agent": {"@id": author.id}, **action},
    )


def _data(crate: ROCrate, published: Publication) -> Entity:
    """The version of the data; its parts where they lie in the export."""
    data, names = published.card.data, {part.address for part in published.parts}
    properties = {
        "@type": "Dataset",
        "name": f"Data of {published.card.family}",
        "version": data.version,
        "size": f"{sum(data.rows.values())} rows",
    }
    if published.missing_data:
        properties["description"] = f"It can't be had here: {published.missing_data}"
    entity = crate.add(ContextEntity(crate, f"#data-{data.version}", properties))
    inside = [crate.get(name) for name in sorted(names) if crate.get(name)]
    if inside:
        entity["hasPart"] = inside
    if published.data_licences:
        entity["license"] = [_licence(crate, name) for name in published.data_licences]
    return entity


def _model(crate: ROCrate, version: str) -> Entity:
    properties = {"@type": "CreativeWork", "name": f"model {version}", "version": version}
    return crate.add(ContextEntity(crate, f"#model-{version}", properties))


def _licence(crate: ROCrate, name: str) -> Entity:
    properties = {"@type": "CreativeWork", "name": name}
    return crate.add(ContextEntity(crate, licence_address(name), properties))
