"""The result as a picture: what one governed call costs with each contender, by who spends it."""

from html import escape
from typing import Any, Final

_COLOURS: Final = {
    "tier": "#c9d3df",
    "gateway": "#1f5fbf",
    "Envoy": "#8a4fbf",
    "HAProxy": "#b0662a",
    "Redis": "#b03a3a",
    "app": "#4f7f4f",
}
_ROW, _LEFT, _WIDTH, _BAR = 40, 190, 820, 520


def drawn(result: dict[str, Any]) -> str:
    """An SVG: one bar a contender, its processes side by side, microseconds of CPU a request."""
    rows = {name: row for name, row in result["measured"].items() if not name.endswith("again")}
    most = max((row["cpu_us_a_request"] for row in rows.values()), default=1.0)
    height = 92 + _ROW * len(rows)
    box = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    font = 'font-family="system-ui, sans-serif" font-size="14"'
    head = "CPU of one governed call, microseconds, all processes"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} {font} role="img" aria-labelledby="what">',
        f'<title id="what">{escape(_sentence(result))}</title>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="30" font-size="17" font-weight="600" fill="#1a2433">{head}</text>',
    ]
    for n, (name, row) in enumerate(rows.items()):
        top, left = 50 + n * _ROW, float(_LEFT)
        parts.append(f'<text x="{_LEFT - 12}" y="{top + 19}" text-anchor="end" fill="#1a2433">{escape(name)}</text>')
        for part, us in row["of_it"].items():
            width = us / most * _BAR
            colour = _COLOURS.get(part, "#888888")
            said = f"{part}: {us} us"
            parts.append(
                f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="28" fill="{colour}">'
                f"<title>{escape(said)}</title></rect>"
            )
            left += width
        parts.append(f'<text x="{left + 8:.1f}" y="{top + 19}" fill="#1a2433">{row["cpu_us_a_request"]:.0f}</text>')
    used = [part for part in _COLOURS if any(part in row["of_it"] for row in rows.values())]
    for n, part in enumerate(used):
        left = _LEFT + n * 96
        parts.append(f'<rect x="{left}" y="{height - 30}" width="12" height="12" fill="{_COLOURS[part]}"/>')
        parts.append(f'<text x="{left + 18}" y="{height - 19}" fill="#44546a">{escape(part)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _sentence(result: dict[str, Any]) -> str:
    said = [f"{name} {row['cpu_us_a_request']:.0f}" for name, row in result["measured"].items()]
    void = f" Void: {result['void']}." if result["void"] else ""
    return f"Microseconds of CPU for one governed call: {', '.join(said)}.{void}"
