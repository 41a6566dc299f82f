"""Lineage as a tree for terminals."""

from rich.markup import escape
from rich.tree import Tree

from matops.artifacts.data.dataset_origins import FoundRecord, PartOrigins
from matops.core.data.value import value_text
from matops.core.quality.card import Card
from matops.steps.data.lineage import ModelLineage, RecordLineage

SHOWN_PARTS, SHOWN_ORIGINS = 12, 8


def model_tree(lineage: ModelLineage) -> Tree:
    """A model, what it started from, its data, their parts and the sources of their rows."""
    card = lineage.card
    verdict = card.verdict.outcome
    tree = Tree(f"[bold]model {card.version}[/bold] of {card.family}, {card.created}, {verdict}")
    tree.add(escape(f"made by matops {card.environment.matops}, commit {card.environment.commit}"))
    _add_predecessors(tree, card)
    split = ", ".join(f"{rows:,} {part}" for part, rows in card.data.rows.items())
    data = tree.add(f"[bold]data {card.data.version}[/bold]: {split} rows")
    if card.data.own_split:
        data.add(escape(card.data.own_split.words))
    if lineage.missing:
        data.add(f"[red]its parts can't be shown: {escape(lineage.missing)}")
    for part in lineage.parts[:SHOWN_PARTS]:
        _add_part(data, part)
    if len(lineage.parts) > SHOWN_PARTS:
        data.add(f"{len(lineage.parts) - SHOWN_PARTS:,} more parts; --json names all")
    data.add(escape(f"licences: {'; '.join(card.data.licences) or 'none stated'}"))
    return tree


def _add_predecessors(tree: Tree, card: Card) -> None:
    branch = tree
    for start in card.lineage:
        branch = branch.add(f"started from {start.version} ({start.mode}), data {start.data}")
    if card.champion:
        change = card.since_champion
        data = f", data {change.before}: {change.words}" if change else ""
        tree.add(f"compared with {card.champion}{data}")


def _add_part(data: Tree, part: PartOrigins) -> None:
    branch = data.add(f"{part.name}: {part.rows:,} rows")
    for origin in part.origins[:SHOWN_ORIGINS]:
        stated = (origin.source, origin.engine, origin.method, origin.date)
        words = ", ".join(escape(word) for word in stated if word)
        branch.add(f"{origin.rows:,} rows: {words}")
    if len(part.origins) > SHOWN_ORIGINS:
        branch.add(f"{len(part.origins) - SHOWN_ORIGINS:,} more sources; --json names all")


def record_tree(lineage: RecordLineage) -> Tree:
    """A record, where it comes from, and the models whose data hold it."""
    tree = Tree(f"[bold]record {escape(lineage.id)}[/bold]")
    if lineage.record:
        _add_origin(tree, lineage.record)
    if lineage.published:
        tree.add(f"in the published data {lineage.published}")
    for model in lineage.models:
        rows = f"in its {model.place} rows" if model.place else "its own split says in which rows"
        words = f"[bold]model {model.model}[/bold] of {model.family}: {rows}"
        tree.add(words).add(f"data {model.data}").add(model.part)
    for where, reason in lineage.unknown:
        tree.add(f"[red]{escape(where)}: not known: {escape(reason)}")
    if not lineage.models:
        unread = " that could be read" if lineage.unknown else ""
        tree.add(f"in the data of no released model{unread}")
    return tree


def _add_origin(tree: Tree, record: FoundRecord) -> None:
    stated = record.provenance
    origin = tree.add(escape(f"{stated.source}: {stated.origin}"))
    origin.add(escape(f"engine {stated.engine}, method {stated.method}"))
    origin.add(escape(f"date {stated.date or 'unstated'}, licence {stated.licence}"))
    values = ", ".join(f"{name} = {value_text(value, 6)}" for name, value in record.targets.items())
    origin.add(escape(f"group {record.group}, {values}"))
    origin.add(record.part)
