"""Write the provisional, rule-based rows of data/risk_of_bias.csv anew; rows by persons stay as they are.

usage: python tools/risk_of_bias.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

import painsynth as ps
import pandas as pd
from painsynth.judgement.risk_of_bias import COLUMNS, RULE

TARGET = Path(__file__).resolve().parent.parent / "data" / "risk_of_bias.csv"


def content() -> str:
    """The file: rows by persons first, then one row by rule for each domain of each controlled trial."""
    evidence = ps.load_evidence(TARGET.parent)
    own = evidence.risk_of_bias
    own = own[own["assessor"] != RULE][COLUMNS]
    return pd.concat([own, ps.propose_risk_of_bias(evidence)]).to_csv(index=False, lineterminator="\n")


def main() -> int:
    """Write the file, or with --check say whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text(encoding="utf-8") != content())
    TARGET.write_text(content(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
