"""A table as LaTeX: booktabs rules, columns that share the line's width, pages turned and broken where needed."""

from __future__ import annotations

import re

from painsynth.tables.record import Cell, Row, Table, mark, marks_of

LONG = 25  # rows from which a table may break over pages
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
            ">": r"\textgreater{}", "|": r"\textbar{}"} | {char: f"\\{char}" for char in "{}$&#%_"}  # fmt: skip
_SYMBOLS = {"−": "$-$", "–": "--", "—": "---", "×": r"$\times$", "±": r"$\pm$", "≤": r"$\leq$", "≥": r"$\geq$",
            "∞": r"$\infty$", "τ": r"$\tau$", "χ": r"$\chi$", "→": r"$\rightarrow$", "←": r"$\leftarrow$",
            "\u00a0": "~", "\u2009": r"\,", "\u202f": r"\,", "“": "``", "”": "''", "’": "'", "‘": "`", "…": r"\ldots{}",
            "\n": " ", "\r": " ", "\t": " "}  # fmt: skip
_RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN = str.maketrans(_RAISED, "-0123456789")
_SIDES = {"left": r"\raggedright", "center": r"\centering", "right": r"\raggedleft"}


def latex(table: Table, label: str) -> str:
    r"""LaTeX of a table, to be \input into a document; the packages it needs stand in its first line."""
    grouped = bool(table.rows[0].group)
    long = table.wide or len(table.rows) > LONG  # a turned page takes no float
    needs = ["booktabs", "array", *(["longtable"] if long else []), *(["pdflscape"] if table.wide else [])]
    body = [line for name, rows in table.groups() for line in _group(name, rows, table)]
    if grouped:
        body = body[1:]  # space before the first group would widen the gap below the header
    # inside the float, which would reset a size that was set around it
    setup = [rf"\{'scriptsize' if table.wide else 'small'}", r"\setlength{\tabcolsep}{3pt}"]
    inner = (_long if long else _short)(table, body, label, setup)
    lines = [f"% Needs \\usepackage{{{','.join(needs)}}}; links with hyperref.", r"\providecommand{\href}[2]{#2}"]
    turned = [r"\begin{landscape}", *inner, r"\end{landscape}"] if table.wide else inner
    return "\n".join([*lines, *turned, ""])


def escaped(text: str) -> str:
    r"""Write text so that LaTeX prints it as it is.

    Examples
    --------
    >>> print(escaped("5 % & A_1, I² −3"))
    5 \% \& A\_1, I$^{2}$ $-$3
    """
    parts = (_SPECIAL.get(char) or _SYMBOLS.get(char) or char for char in text)
    return re.sub(f"[{_RAISED}]+", lambda found: f"$^{{{found[0].translate(_PLAIN)}}}$", "".join(parts))


def _short(table: Table, body: list[str], label: str, setup: list[str]) -> list[str]:
    return [r"\begin{table}[htbp]", *setup, f"\\caption{{{_caption(table)}}}\\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{{_sides(table)}}}", r"\toprule", *_header(table), r"\midrule", *body, r"\bottomrule",
            r"\end{tabular}", *_notes(table), r"\end{table}"]  # fmt: skip


def _long(table: Table, body: list[str], label: str, setup: list[str]) -> list[str]:
    columns = len(table.columns)
    head = [r"\toprule", *_header(table), r"\midrule"]
    caption = rf"\caption{{{_caption(table)}}}\label{{tab:{label}}}\\"
    return [r"\begingroup", *setup, rf"\begin{{longtable}}{{{_sides(table)}}}", caption, *head,
            r"\endfirsthead", r"\caption[]{(continued)}\\", *head, r"\endhead", r"\midrule",
            rf"\multicolumn{{{columns}}}{{r@{{}}}}{{continued on the next page}}\\", r"\endfoot", r"\bottomrule",
            r"\endlastfoot", *body, r"\end{longtable}", *_notes(table), r"\endgroup"]  # fmt: skip


def _caption(table: Table) -> str:
    return escaped(f"{table.title.rstrip('.')}. {table.subtitle}".strip() if table.subtitle else table.title)


def _sides(table: Table) -> str:
    """Column specification: paragraphs whose widths, with the gaps, add up to the line."""
    whole = sum(column.width for column in table.columns)
    return "".join(
        rf">{{{_SIDES[column.align]}\arraybackslash{{}}}}"
        rf"p{{\dimexpr {column.width / whole:.4f}\linewidth-2\tabcolsep\relax}}"
        for column in table.columns
    )


def _header(table: Table) -> list[str]:
    lines = []
    if any(column.spanner for column in table.columns):
        named = [(name, first + 1, first + count) for name, first, count in table.spanners() if name]
        cells = [rf"\multicolumn{{{count}}}{{c}}{{{escaped(name)}}}" if name else " & ".join([""] * count)
                 for name, _, count in table.spanners()]  # fmt: skip
        lines = [rf"{' & '.join(cells)} \\", "".join(rf"\cmidrule(lr){{{one}-{last}}}" for _, one, last in named)]
    return [*lines, rf"{' & '.join(rf'{{{escaped(column.label)}}}' for column in table.columns)} \\"]


def _group(name: str, rows: list[Row], table: Table) -> list[str]:
    heading = [r"\addlinespace", rf"\multicolumn{{{len(table.columns)}}}{{l}}{{\textbf{{{escaped(name)}}}}} \\*"]
    return [*(heading if name else []), *(_row(row) for row in rows)]


def _row(row: Row) -> str:
    # braces first: a row that begins with a bracket would be read as the option of the line break above it
    return rf"{{}}{' & '.join(_cell(cell, row.strong) for cell in row.cells)} \\"


def _cell(cell: Cell, strong: bool) -> str:
    text = escaped(cell.text)
    if cell.url:
        text = rf"\href{{{_address(cell.url)}}}{{{text}}}"
    if cell.marks:
        text += rf"\textsuperscript{{{marks_of(cell)}}}"
    return rf"\textbf{{{text}}}" if strong and cell.text else text


def _address(url: str) -> str:
    for char in "\\{}^~$ ":
        url = url.replace(char, f"%{ord(char):02X}")
    return re.sub(r"[%#&_]", lambda found: f"\\{found[0]}", url)


def _notes(table: Table) -> list[str]:
    marked = [rf"\textsuperscript{{{mark(position)}}} {escaped(text)}" for position, text in enumerate(table.footnotes)]
    return [rf"\par\noindent {text}" for text in (*marked, *map(escaped, table.notes))]
