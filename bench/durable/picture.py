"""The result as a picture: runs a second through our engine and by bare DBOS, a pair of bars a database."""

import statistics
from html import escape
from typing import Any, Final

_COLOURS: Final = {"ours": "#1f5fbf", "bare": "#c9d3df", "bare again": "#c9d3df"}
_FONT: Final = 'font-family="system-ui, sans-serif" font-size="14"'
_HEAD: Final = "Opportunity-to-project runs a second, and the same work by bare DBOS"
_ROW, _LEFT, _WIDTH, _BAR = 40, 190, 820, 480


def drawn(result: dict[str, Any]) -> str:
    """An SVG: one bar a side and database."""
    rows = [
        (f"{kind}, {side}", side, statistics.median(each["runs_a_second"] for each in found[side]))
        for kind, found in result["measured"].items()
        for side in _COLOURS
    ]
    most, height = max(row[2] for row in rows), 64 + _ROW * len(rows)
    box = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    said = "; ".join(f"{name} {value:.2f}" for name, _, value in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} {_FONT} role="img" aria-labelledby="what">',
        f'<title id="what">Runs a second: {escape(said)}.</title>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="30" font-size="17" font-weight="600" fill="#1a2433">{_HEAD}</text>',
    ]
    for n, (name, side, value) in enumerate(rows):
        top, width = 50 + n * _ROW, value / most * _BAR
        parts += [
            f'<text x="{_LEFT - 12}" y="{top + 19}" text-anchor="end" fill="#1a2433">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="28" fill="{_COLOURS[side]}"/>',
            f'<text x="{_LEFT + width + 8:.1f}" y="{top + 19}" fill="#1a2433">{value:.2f}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
