"""The look, computed: contrast of every pair of colours that meet, the weight of a page, no style but in the sheet."""

import gzip
import re

import pytest

from experience_apis.service_desk.assets import Assets

SHEET = next(asset for name, asset in Assets().by_name.items() if name.endswith(".css"))
CSS = SHEET.content.decode()
TOKENS = dict(re.findall(r"--([a-z0-9-]+):light-dark\((#[0-9a-f]+,#[0-9a-f]+)\)", CSS))
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in ("bg", "surface", "sunken", "raised")),
    *((tone, ground) for tone in ("ok", "warn", "bad", "doubt") for ground in ("surface", f"{tone}-soft")),
    ("accent", "bg"),
    ("accent", "surface"),
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
    ("ink", "bad-soft"),
    ("ink", "doubt-soft"),
    ("ink-2", "bad-soft"),
    ("ink-2", "doubt-soft"),
    ("ink-3", "warn-soft"),
]
MARKS = [
    ("edge", "bg"),
    ("edge", "surface"),
    *((f"{tone}-solid", "surface") for tone in ("ok", "warn", "bad", "doubt")),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(ink: str, ground: str, scheme: str) -> None:
    assert _contrast(ink, ground, scheme) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_edges_and_marks_can_be_seen(mark: str, ground: str, scheme: str) -> None:
    assert _contrast(mark, ground, scheme) >= 3


def test_own_style_and_script_stay_light() -> None:
    own = [asset for name, asset in Assets().by_name.items() if name.startswith(("tiergate.", "desk."))]
    assert sum(len(asset.content) for asset in own) < 50_000
    assert sum(len(gzip.compress(asset.content)) for asset in own) < 15_000


def _contrast(first: str, second: str, scheme: str) -> float:
    """WCAG 2.2: (lighter + 0.05) / (darker + 0.05)."""
    one, other = (_luminance(TOKENS[name].split(",")[scheme == "dark"]) for name in (first, second))
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
