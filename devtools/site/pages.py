"""A hook of MkDocs: READMEs become pages of the site, and links into the tree stay true there.

A page is written once, where it belongs: the first screen in ``README.md``, a family's in its
folder. Links in it are those that work in the tree; on the site a link to another page leads to
that page, and one to a file that is no page becomes the file's name.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")
FAMILIES = "src/matops/families"


def readmes(root: Path) -> dict[str, str]:
    """Pages that lie outside ``docs``: their path in the tree, and that on the site."""
    families = sorted((root / FAMILIES).glob("*/README.md"))
    pages = {
        path.relative_to(root).as_posix(): f"families/{path.parent.name}.md" for path in families
    }
    pages |= {f"{FAMILIES}/README.md": "families/index.md"}
    pages |= {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
    return {here: there for here, there in pages.items() if (root / here).exists()}


def linked(text: str, here: str, root: Path, pages: dict[str, str]) -> str:
    """A page's text with the links that it has on the site.

    Args:
        text: Markdown.
        here: path of the text in the tree.
        root: the tree.
        pages: pages of the site by their path in the tree.
    """
    there = pages[here]

    def rewrite(link: re.Match[str]) -> str:
        words, target, anchor = link[1], link[2], link[3] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        if path in pages:
            page = posixpath.relpath(pages[path], posixpath.dirname(there) or ".")
            return f"[{words}]({page}{anchor})"
        if not (root / path).exists():
            return link[0]  # MkDocs names it, and a strict build fails
        return words if path.rsplit("/", 1)[-1] in words else f"{words} (`{path}`)"

    return LINK.sub(rewrite, text)


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every family that there is into the navigation."""
    families = [page for page in readmes(_root(config)).values() if page.startswith("families/")]
    for section in config.nav or []:
        if isinstance(section, dict) and "Families" in section:
            section["Families"] = families
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside ``docs``."""
    root = _root(config)
    for here, there in readmes(root).items():
        files.append(File.generated(config, there, content=(root / here).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of a page."""
    root = _root(config)
    outside = readmes(root)
    pages = {f"docs/{file.src_uri}": file.src_uri for file in files.documentation_pages()}
    pages |= outside
    there = {page: here for here, page in outside.items()}
    return linked(markdown, there.get(page.file.src_uri, f"docs/{page.file.src_uri}"), root, pages)
