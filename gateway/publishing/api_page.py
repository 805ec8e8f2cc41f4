"""The page of one API version for people: what it is for, how long it lives, and its operations."""

import html
from collections.abc import Mapping

from gateway.page import as_page
from gateway.plan import Governed
from gateway.publishing import linkset
from gateway.publishing.offers import Offer


def api_page(offer: Offer, offers: Mapping[str, Offer], site: str) -> str:
    """As HTML."""
    api = offer.api
    title = html.escape(f"{api.title} v{api.major}")
    rows = "\n".join(_row(governed) for governed in offer.operations)
    return as_page(
        title,
        f"""<h1>{title}</h1>
<p>{html.escape(api.description or api.title)}</p>
<p><strong>{offer.state.capitalize()}.</strong> {_life(offer, offers, site)}</p>
<dl>
<dt>Address</dt><dd><code>{html.escape(linkset.address(offer, site))}</code></dd>
<dt>Contract</dt><dd><a href="{html.escape(linkset.contract(offer, site))}">OpenAPI 3.1</a></dd>
<dt>Status</dt><dd><a href="{html.escape(linkset.status(offer, site))}">how it stands</a></dd>
<dt>Other APIs</dt><dd><a href="{html.escape(site + linkset.PATH)}" rel="api-catalog">the catalogue</a></dd>
</dl>
<h2>Operations</h2>
<table>
<thead><tr><th scope="col">Request</th><th scope="col">What it does</th><th scope="col">Scopes</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>""",
    )


def _life(offer: Offer, offers: Mapping[str, Offer], site: str) -> str:
    version = offer.version
    said = []
    if version.deprecated_on is not None:
        since = "Deprecated since" if offer.state == "deprecated" else "It will be deprecated on"
        said.append(f"{since} {version.deprecated_on}.")
    if version.sunset_on is not None:
        said.append(f"From {version.sunset_on} on it answers 410.")
    if (successor := offer.successor(offers)) is not None:
        said.append(f'Use <a href="{html.escape(linkset.page(successor, site))}">v{successor.api.major}</a>.')
    if version.guide:
        said.append(f'<a href="{html.escape(version.guide)}">How to move.</a>')
    return " ".join(said)


def _row(governed: Governed) -> str:
    operation = governed.operation
    summary = html.escape(operation.doc.partition("\n")[0])
    scopes = " ".join(sorted({scope for rule in governed.rules for scope in rule.scopes}))
    request = html.escape(f"{operation.method} {operation.path}")
    cells = (f"<code>{request}</code>", summary, f"<code>{html.escape(scopes) or 'none'}</code>")
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
