"""A picture on a dark page: each colour has a dark counterpart, and the reader's setting picks one of the two.

Saved files stay light, for paper; only the copy that stands inside a page (a report, the gallery) carries both.
Lightness is turned over in OKLab (Ottosson 2020, "A perceptual color space for image processing") and the hue kept, so
that what was readable stays so: white becomes the dark page, ink nearly white, a ramp runs the other way.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from matplotlib.colors import to_hex, to_rgb

from painsynth.plots.palette import FIXED

DARK_PAGE = "#17181b"
_DARKEST, _SPAN = 0.21, 1.0  # lightness of the dark page, and from there to ink (0.97)
_BEND = 1.07  # keeps dark text on light grounds and light text on dark ones both at 4.5 : 1
_COLOUR = re.compile(r"\b(fill|stroke): (#[0-9a-f]{6})")
# A picture of pixels inside the drawing cannot be recoloured; turning its lights over comes close.
_IMAGES = "svg image{filter:invert(0.91) hue-rotate(180deg)}"
_TO_CONES = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
_TO_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip


def themed(svg: str) -> str:
    """Let a picture that stands inside a page follow the reader's choice of a light or a dark one.

    Examples
    --------
    >>> themed('<svg><path style="fill: #ffffff"/></svg>')  # doctest: +NORMALIZE_WHITESPACE
    '<svg><style>@media (prefers-color-scheme:dark){svg{--cffffff:#17181b}}</style><path
    style="fill: var(--cffffff,#ffffff)"/></svg>'
    """
    used: dict[str, None] = {}

    def variable(found: re.Match) -> str:
        colour = found[2]
        if colour in FIXED:
            return found[0]
        used[colour] = None
        return f"{found[1]}: var(--c{colour[1:]},{colour})"

    head, close, body = _COLOUR.sub(variable, svg).partition(">")
    rules = "svg{" + ";".join(f"--c{colour[1:]}:{dark(colour)}" for colour in used) + "}"
    rules += _IMAGES if "<image " in svg else ""
    return f"{head}{close}<style>@media (prefers-color-scheme:dark){{{rules}}}</style>{body}"


@cache
def dark(colour: str) -> str:
    """Counterpart of a colour on the dark page.

    Examples
    --------
    >>> dark("#ffffff") == DARK_PAGE
    True
    """
    if colour == "#ffffff":
        return DARK_PAGE
    if colour in FIXED:
        return colour
    lightness, *hue = _TO_LAB @ np.cbrt(_TO_CONES @ _linear(np.array(to_rgb(colour))))
    lightness = _DARKEST + _SPAN * (1 - lightness) ** _BEND
    for share in np.linspace(1, 0, 51):  # the same hue, as vivid as the screen can show it
        lab = np.array([lightness, share * hue[0], share * hue[1]])
        rgb = np.linalg.solve(_TO_CONES, np.linalg.solve(_TO_LAB, lab) ** 3)
        if np.all((rgb >= -1e-4) & (rgb <= 1 + 1e-4)):
            break
    return to_hex(_gamma(np.clip(rgb, 0, 1)))


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _gamma(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.0031308, rgb * 12.92, 1.055 * rgb ** (1 / 2.4) - 0.055)
