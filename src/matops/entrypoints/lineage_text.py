"""Lineage as a tree for terminals."""

from rich.markup import escape
from rich.tree import Tree

from matops.artifacts.dataset_origins import PartOrigins
from matops.core.card import Card
from matops.steps.lineage import ModelLineage, RecordInModel, RecordLineage

SHOWN_PARTS, SHOWN_ORIGINS = 12, 8


def model_tree(found: ModelLineage) -> Tree:
    """A model, what it started from, its data, their parts and the sources of their rows."""
    card = found.card
    verdict = "accepted" if card.verdict.accepted else "rejected"
    tree = Tree(f"[bold]model {card.version}[/bold] of {card.family}, {card.created}, {verdict}")
    tree.add(escape(f"made by matops {card.environment.matops}, commit {card.environment.commit}"))
    _add_predecessors(tree, card)
    split = ", ".join(f"{rows:,} {part}" for part, rows in card.data.rows.items())
    data = tree.add(f"[bold]data {card.data.version}[/bold]: {split} rows")
    if found.missing:
        data.add(f"[red]its parts can't be shown: {escape(found.missing)}")
    for part in found.parts[:SHOWN_PARTS]:
        _add_part(data, part)
    if len(found.parts) > SHOWN_PARTS:
        data.add(f"{len(found.parts) - SHOWN_PARTS:,} more parts; --json names all")
    data.add(escape(f"licences: {'; '.join(card.data.licences) or 'none stated'}"))
    return tree


def _add_predecessors(tree: Tree, card: Card) -> None:
    branch = tree
    for start in card.lineage:
        words = f"started from {start.version} ({start.mode}), data {start.data}"
        branch = branch.add(words)
    change = card.since_champion
    if change and change.added is not None:
        counts = f": {change.added:,} rows added since, {change.removed:,} removed"
    else:
        counts = ""
    if card.champion:
        data = f", data {change.before}{counts}" if change else ""
        tree.add(f"compared with {card.champion}{data}")


def _add_part(data: Tree, part: PartOrigins) -> None:
    branch = data.add(f"{part.name}: {part.rows:,} rows")
    for origin in part.origins[:SHOWN_ORIGINS]:
        said = (origin.source, origin.engine, origin.method, origin.date)
        words = ", ".join(escape(word) for word in said if word)
        branch.add(f"{origin.rows:,} rows: {words}")
    if len(part.origins) > SHOWN_ORIGINS:
        branch.add(f"{len(part.origins) - SHOWN_ORIGINS:,} more sources; --json names all")


def record_tree(identity: str, found: RecordLineage) -> Tree:
    """A record, where it comes from, and the models whose data hold it."""
    tree = Tree(f"[bold]record {escape(identity)}[/bold]")
    if found.models:
        _add_origin(tree, found.models[0])
    for model in found.models:
        branch = tree.add(f"[bold]model {model.model}[/bold] of {model.family}: in {model.place}")
        branch.add(f"data {model.data}").add(model.record.part)
    for name, reason in found.unknown:
        tree.add(f"[red]model {name}: not known: {escape(reason)}")
    if not found.models:
        tree.add("in the data of no released model")
    return tree


def _add_origin(tree: Tree, model: RecordInModel) -> None:
    record, said = model.record, model.record.provenance
    origin = tree.add(escape(f"{said.source}: {said.origin}"))
    origin.add(escape(f"engine {said.engine}, method {said.method}"))
    origin.add(escape(f"date {said.date or 'unstated'}, licence {said.licence}"))
    values = ", ".join(f"{name} = {value:.6g}" for name, value in record.targets.items())
    origin.add(escape(f"group {record.group}, {values}"))
