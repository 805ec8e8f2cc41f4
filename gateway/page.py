"""The plain page around what the gateway tells people: one look, no script, light and dark."""

from typing import Final

_STYLE: Final = """\
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}
h1{font-size:1.5rem}dt{font-weight:600;margin-top:1rem}dd{margin:0;overflow-wrap:anywhere}
pre{overflow-x:auto;padding:1rem;border:1px solid;border-radius:.5rem}
table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{text-align:start;vertical-align:top;padding:.3rem 1rem .3rem 0;border-bottom:1px solid}"""


def as_page(title: str, content: str) -> str:
    """A whole HTML document; both are HTML already."""
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{_STYLE}</style>
<main>
{content}
</main>
</html>
"""
