"""A table as HTML: great-tables lays it out, one small style sheet colours it for light and dark pages alike."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files

from painsynth.tables.record import Cell, Table, mark, marks_of

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ background: Canvas; color: CanvasText; margin: 1rem; }}
</style>
</head>
<body>
<main>
{fragment}
</main>
</body>
</html>
"""


def page(table: Table) -> str:
    """Whole HTML page of a table: no script, no font and no request."""
    return _PAGE.format(title=escape(table.title), fragment=fragment(table))


def fragment(table: Table) -> str:
    """HTML of a table for a notebook or a page, with its own style sheet; ids depend on the content only."""
    return _accessible(_laid_out(table).as_raw_html(), table)


def _laid_out(table: Table):
    import pandas as pd
    from great_tables import GT, html

    keys = [f"c{number}" for number in range(1, len(table.columns) + 1)]
    body = pd.DataFrame([[_cell(cell, row.strong) for cell in row.cells] for row in table.rows], columns=keys)
    grouped = bool(table.rows[0].group)
    if grouped:
        body["group"] = [row.group for row in table.rows]
    made = GT(body, id=table.identifier, rowname_col="c1", groupname_col="group" if grouped else None)
    made = made.fmt(lambda text: text, columns=keys)  # the cells are HTML already
    made = made.tab_stubhead(html(escape(table.columns[0].label)))
    labels = zip(keys[1:], table.columns[1:], strict=True)
    made = made.cols_label(cases={key: html(escape(column.label)) for key, column in labels})
    for key, column in zip(keys, table.columns, strict=True):
        made = made.cols_align(column.align, columns=[key])
    for name, first, count in table.spanners():
        if name:
            made = made.tab_spanner(html(escape(name)), keys[first : first + count], id=f"s{first}")
    for position, text in enumerate(table.footnotes):
        made = made.tab_source_note(html(f"<sup>{mark(position)}</sup> {escape(text)}"))
    for text in table.notes:
        made = made.tab_source_note(html(escape(text)))
    return made


def _cell(cell: Cell, strong: bool) -> str:
    text = escape(cell.text)
    if cell.url:
        text = f'<a href="{escape(cell.url)}">{text}</a>'
    if cell.marks:
        text += f"<sup>{marks_of(cell)}</sup>"
    return f"<strong>{text}</strong>" if strong else text


def _accessible(text: str, table: Table) -> str:
    """Put the caption and our style sheet in place, and say the scope of headings over several cells or rows."""
    name = table.identifier
    style = (files("painsynth.tables") / "table.css").read_text("utf-8").replace("#table", f"#{name}").strip()
    subtitle = f"<small>{escape(table.subtitle)}</small>" if table.subtitle else ""
    caption = f'<caption id="{name}-title">{escape(table.title)}{subtitle}</caption>'
    kind = "gt_table wide" if table.wide else "gt_table"
    # a region that scrolls has to be reachable by keyboard, and then needs a name
    opening = f'<div id="{name}" role="region" tabindex="0" aria-labelledby="{name}-title">\n<style>\n{style}\n</style>'
    text = re.sub(r"^\s*<div id=.*?</style>", lambda _: opening, text, count=1, flags=re.S)
    text = re.sub(r'<table class="gt_table"[^>]*>', lambda _: f'<table class="{kind}">\n{caption}', text, count=1)
    text = re.sub(r'(colspan="(?!1")\d+") scope="col"', r'\1 scope="colgroup"', text)
    text = re.sub(r'(class="gt_group_heading" colspan="\d+") scope="colgroup"', r'\1 scope="rowgroup"', text)
    return text.strip()
