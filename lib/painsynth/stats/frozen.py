"""Results that nobody changes by accident: arrays are locked, tables are handed out as copies."""

from __future__ import annotations

from typing import Self

import numpy as np


class Frozen:
    """Base of the records: once made, their arrays are read-only and their dictionaries refuse assignment."""

    def __post_init__(self) -> None:
        """Lock what the record holds; a frozen dataclass alone only keeps its fields from being replaced."""
        for name, value in self.__dict__.items():
            kind = type(value)
            if kind is np.ndarray:
                value.setflags(write=False)
            elif kind is dict:
                object.__setattr__(self, name, Locked(value))

    def completed(self, **values) -> Self:
        """Fill in what follows from the rest of the record, before anybody has seen it."""
        for name, value in values.items():
            object.__setattr__(self, name, value)
        return self


class Locked(dict):
    """A dictionary that is read only; `dict(locked)` is a copy that is not.

    Examples
    --------
    >>> Locked(a=1)["a"] = 2
    Traceback (most recent call last):
    TypeError: this dictionary belongs to a result and is read-only; take dict(...) of it for a copy
    """

    def _refuse(self, *_args, **_options):
        raise TypeError("this dictionary belongs to a result and is read-only; take dict(...) of it for a copy")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self):
        """Pickle and copy by content."""
        return Locked, (dict(self),)


class Kept:
    """Descriptor of a table that belongs to a record: whoever asks gets a copy."""

    def __init__(self, name: str):
        self.name = name

    def __get__(self, record, owner=None):
        return self if record is None else record.__dict__[self.name].copy()

    def __set__(self, record, table) -> None:
        record.__dict__[self.name] = table


def keeps(*names: str):
    """Class decorator: the tables under these names are handed out as copies.

    Examples
    --------
    >>> import pandas as pd, painsynth as ps
    >>> fit = ps.pool(pd.DataFrame({"yi": [1.0, 3.0], "vi": [1.0, 1.0]}))
    >>> table = fit.table
    >>> table["yi"] = 0.0
    >>> fit.table["yi"].tolist()
    [1.0, 3.0]
    """

    def wrap(cls):
        for name in names:
            setattr(cls, name, Kept(name))
        return cls

    return wrap


def own(record, name: str = "table"):
    """Return the table itself, for reading within the package: a copy costs more than many a look."""
    return record.__dict__[name]
