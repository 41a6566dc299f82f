"""Tables for terminals, logs and files, in which no word is cut.

All commands lay out their tables here, and print them with
:func:`matops.entrypoints.cli.output.print_table`.
"""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

Cell = str | Text

GAP = 2
"""Characters between two columns."""
LEAST_PROSE = 12
"""Characters to which a column of prose may shrink beside others."""


class WholeTable:
    """A grid where the whole of it fits; else a block of lines for each row.

    Ids, versions and names stay in one piece, so that they can be copied: only columns of
    ``prose`` are folded, between words. A cell may have several lines; a style comes as
    ``Text``, and a string is shown as it stands, whatever brackets are in it.
    """

    def __init__(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        prose: Iterable[str] = (),
        title: str = "",
    ) -> None:
        self.columns, self.title = columns, title
        self.rows = [[_text(cell) for cell in row] for row in rows]
        self.prose = frozenset(prose)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The grid or the blocks, as the console is wide."""
        if self.title:
            yield _unbroken(Text(self.title, style="bold"))
        widths = self._widths(options.max_width)
        if widths:
            yield self._grid(widths)
        else:
            yield from self._blocks(options.max_width)

    def _widths(self, width: int) -> list[int]:
        """Width of each column in characters; none where the grid does not fit."""
        least, natural = [], []
        for column, name in enumerate(self.columns):
            texts = [row[column].plain for row in self.rows]
            whole = _longest(line for text in texts for line in text.splitlines())
            word = _longest(word for text in texts for word in text.split())
            folded = max(word, min(whole, LEAST_PROSE)) if name in self.prose else whole
            # A column without a name or a word, as where nothing is doubted, is one character wide.
            least.append(max(folded, _longest(name.split()), 1))
            natural.append(max(whole, _longest([name]), 1))
        spare = width - sum(least) - GAP * (len(least) - 1)
        return _widened(least, natural, spare) if spare >= 0 else []

    def _grid(self, widths: Sequence[int]) -> Table:
        # Of the gap, one character is the border, and one the padding.
        table = Table(box=SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False)
        for name, width in zip(self.columns, widths, strict=True):
            table.add_column(Text(name), width=width)
        for row in self.rows:
            table.add_row(*row)
        return table

    def _blocks(self, width: int) -> Iterator[Text]:
        """Each row as lines of column and value; a word wider than all runs over the edge."""
        indent = _longest(self.columns) + GAP
        for number, row in enumerate(self.rows):
            if number:
                yield Text()
            for name, cell in zip(self.columns, row, strict=True):
                lines = cell.plain.splitlines()
                if name in self.prose:
                    lines = [part for line in lines for part in _folded(line, width - indent)]
                for line, head in zip(lines, [name, *[""] * len(lines)], strict=False):
                    text = Text.assemble((f"{head:<{indent}}", "dim"), (line, cell.style))
                    yield _unbroken(text)


def _text(cell: Cell) -> Text:
    """A cell without what moves a terminal's cursor."""
    if isinstance(cell, Text):
        return cell
    return Text("".join(c if c.isprintable() or c == "\n" else "�" for c in cell))


def _unbroken(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ignore"
    return text


def _longest(texts: Iterable[str]) -> int:
    """Width of the widest of some texts on a terminal."""
    return max((Text(text).cell_len for text in texts), default=0)


def _folded(line: str, width: int) -> list[str]:
    return wrap(line, max(width, LEAST_PROSE), break_long_words=False, break_on_hyphens=False)


def _widened(least: Sequence[int], natural: Sequence[int], spare: int) -> list[int]:
    """Give spare characters to those columns that lack the most."""
    widths = list(least)
    for _ in range(min(spare, sum(natural) - sum(least))):
        lacks = [wanted / given for wanted, given in zip(natural, widths, strict=True)]
        widths[lacks.index(max(lacks))] += 1
    return widths
