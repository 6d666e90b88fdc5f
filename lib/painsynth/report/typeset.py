"""HTML as typst: what a notebook shows (text, tables, lists, figures), set for paper.

Every text is handed over as a string literal, so that nothing in it can be taken for typst's own language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser

from painsynth.report.sheets import Cell, table

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
SILENT = frozenset({"style", "script", "colgroup", "head", "title"})
WRAPPED = {"strong": "strong", "b": "strong", "em": "emph", "i": "emph", "sup": "super", "sub": "sub", "cite": "emph"}
BLOCKS = frozenset(
    {"p", "div", "section", "details", "summary", "figure", "figcaption", "dl", "dt", "dd", "blockquote"}
)
BREAKABLE = re.compile(r"(?<=[\w)])([_/,|;=])(?=\w)")
LONG = 14  # letters; a longer word may be broken after _ / , | ; =


@dataclass
class Node:
    """An element of HTML: its tag, attributes, and children (elements and texts)."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def find(self, *tags: str) -> Iterable[Node]:
        """Give the elements of these tags below this one, in order, without looking into them."""
        for child in self.children:
            if isinstance(child, Node):
                if child.tag in tags:
                    yield child
                else:
                    yield from child.find(*tags)

    def text(self) -> str:
        """Give the text of an element, as one line."""
        parts = (child if isinstance(child, str) else child.text() for child in self.children if _speaks(child))
        return " ".join("".join(parts).split())


def _speaks(child: Node | str) -> bool:
    return isinstance(child, str) or child.tag not in SILENT


class _Tree(HTMLParser):
    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.root = Node("div")
        self.open = [self.root]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attributes})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if any(node.tag == tag for node in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def typeset(html: str) -> str:
    """Give typst markup for a piece of HTML.

    Examples
    --------
    >>> typeset("Pain <strong>falls</strong>.")
    '#"Pain "#strong[#"falls"]#"."'
    """
    return _children(_Tree(html).root)


def literal(text: str) -> str:
    """Give a text as a string literal of typst.

    Examples
    --------
    >>> print(literal("a #b"))
    "a #b"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "").replace("\t", "\\t") + '"'


def words(text: str) -> str:
    """Give a text with places at which a long word may be broken."""
    pieces = (BREAKABLE.sub("\\1\u200b", word) if len(word) > LONG else word for word in re.split(r"(\s+)", text))
    return "".join(pieces)


def _children(node: Node) -> str:
    return "".join(_text(child) if isinstance(child, str) else _element(child) for child in node.children)


def _text(text: str) -> str:
    flat = re.sub(r"\s+", " ", text)
    return f"#{literal(words(flat))}" if flat.strip() else " " if flat else ""


def _element(node: Node) -> str:
    tag = node.tag
    if tag in SILENT:
        return ""
    if tag in WRAPPED:
        return f"#{WRAPPED[tag]}[{_children(node)}]"
    if re.fullmatch("h[1-6]", tag):
        return f"#heading(level: {max(1, int(tag[1]) - 1)})[{_children(node)}]\n"
    if tag == "table":
        return _table(node)
    if tag in ("ul", "ol"):
        items = "".join(f"[{_children(item)}]," for item in node.find("li"))
        return f"#{'list' if tag == 'ul' else 'enum'}({items})\n"
    return _other(node)


def _other(node: Node) -> str:
    tag, inner = node.tag, _children(node)
    if tag == "pre":
        return f"#raw({literal(_verbatim(node))}, block: true)\n"
    if tag == "code":
        return f"#raw({literal(words(node.text()))})"
    if tag == "br":
        return "#linebreak()"
    if tag == "a" and re.match(r"https?://", node.attributes.get("href", "")):
        return f"#link({literal(node.attributes['href'])})[{inner}]"
    if tag == "p" or (tag in BLOCKS and not any(node.find("p", "div", "table", "ul", "ol", "pre", "h2", "h3", "h4"))):
        return f"#par[{inner}]\n" if inner.strip() else ""
    return inner


def _verbatim(node: Node) -> str:
    return "".join(child if isinstance(child, str) else _verbatim(child) for child in node.children)


def _table(node: Node) -> str:
    """Give a table with its caption above it; the rows of its head are repeated on every page."""
    caption = "".join(f"#par[#strong[{_children(each)}]]\n" for each in node.find("caption"))
    head = [row for part in node.find("thead") for row in part.find("tr")]
    body = [row for row in node.find("tr", "thead") if row.tag == "tr"]
    return caption + table([_cells(row) for row in head], [_cells(row) for row in body])


def _cells(row: Node) -> list[Cell]:
    return [
        Cell(each.text(), _children(each), each.tag == "th", _span(each, "colspan"), _span(each, "rowspan"))
        for each in row.find("td", "th")
    ]


def _span(cell: Node, name: str) -> int:
    given = cell.attributes.get(name, "")
    return max(1, int(given)) if given.isdecimal() else 1
