"""What we know and how surely, in a sentence: the claims by their verdicts, the map by its certainty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from painsynth.judgement.fields import fields_sentence
from painsynth.judgement.verdicts import CONTRADICTED, SUPPORTED, UNCERTAIN, UNTESTED
from painsynth.judgement.words import count

if TYPE_CHECKING:
    from painsynth.judgement.answers import Answer

_ORDER = (SUPPORTED, CONTRADICTED, UNCERTAIN, UNTESTED)


def judgement_sentence(claims: pd.DataFrame, found: Iterable[Answer]) -> str:
    """Say how the public claims fare, which are settled, and how much of the map can be judged at all.

    Parameters
    ----------
    claims : DataFrame
        From `verdicts`.
    found : iterable of Answer
        From `answers`: the fields of the map.

    Returns
    -------
    str
        Every number counted from the two.

    Examples
    --------
    >>> import pandas as pd
    >>> claims = pd.DataFrame({"claim": ["It helps.", "It may fail."], "verdict": ["uncertain", "supported"]})
    >>> judgement_sentence(claims, []).partition(" No comb")[0]
    'Of 2 public claims 1 is supported (“It may fail.”), 0 are contradicted, 1 is uncertain and 0 are untested.'
    """
    parts = []
    for word in _ORDER:
        mine = claims.loc[claims["verdict"] == word, "claim"]
        named = (
            f" ({'; '.join(f'“{text}”' for text in mine)})" if len(mine) and word in (SUPPORTED, CONTRADICTED) else ""
        )
        parts.append(f"{len(mine)} {'is' if len(mine) == 1 else 'are'} {word}{named}")
    said = f"Of {count(len(claims), 'public claim')} {', '.join(parts[:-1])} and {parts[-1]}."
    return f"{said} {fields_sentence(found)}"
