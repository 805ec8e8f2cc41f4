"""Somebody at the CRM: how another client than we signs in to its sandbox."""

from pathlib import Path

from tiergate import embedded

TOKENS = "/services/oauth2/token"


def sign_in_form(state: Path) -> dict[str, str]:
    """What is posted to `TOKENS` for a token."""
    app = embedded.credentials(state / embedded.FOLDER)["salesforce"].values
    return {
        "grant_type": "client_credentials",
        "client_id": app["SALESFORCE_CLIENT_ID"],
        "client_secret": app["SALESFORCE_CLIENT_SECRET"],
    }


def opportunity(opportunity_id: str = "") -> str:
    """The path of a deal, or of all."""
    return f"/services/data/v62.0/sobjects/Opportunity/{opportunity_id}".rstrip("/")
