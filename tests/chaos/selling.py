"""The people at the CRM: they save deals and agree to amendments by its own API, and try again where it is busy."""

import asyncio
from hashlib import sha256
from typing import Any, Final

import httpx

from canonical.dates import now
from foundation.sandbox.firm import Deal
from tests.chaos.ground import Ground
from tests.crm import TOKENS, opportunity, sign_in_form

MORE: Final = 5000
"""What an amendment adds to a contract, in the deal's currency."""
_DATA: Final = "/services/data/v62.0"
_TRIES: Final = 50


class Person:
    """Somebody who works in the CRM."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._http = httpx.AsyncClient(base_url=ground.where["salesforce"].url, trust_env=False, timeout=20)
        self._token = ""

    async def save(self, opportunity_id: str, **fields: Any) -> None:
        """Save a deal."""
        await self._ask("PATCH", opportunity(opportunity_id), 204, json=fields)

    async def read(self, opportunity_id: str) -> dict[str, Any]:
        """Look at a deal."""
        return dict((await self._ask("GET", opportunity(opportunity_id), 200)).json())

    async def amend(self, deal: Deal, contract_id: str) -> None:
        """Agree to amendment 1 of a contract: one line more, of `MORE`."""
        held = (await self._ask("GET", f"{_DATA}/sobjects/Contract/{contract_id}", 200)).json()
        of = {"Contract__c": contract_id, "CurrencyIsoCode": deal.currency}
        signed = {"Signed_On__c": now().date().isoformat(), "Signature_Envelope__c": f"storm-{deal.number}"}
        document = sha256(f"storm {deal.number}".encode()).hexdigest()
        days = {"Effective_Date__c": held["StartDate"], "Document_Hash__c": document}
        plain = {"Number__c": 1, "Based_On__c": 0, "Value_Change__c": MORE, **of, **signed, **days}
        made = await self._made("Contract_Amendment__c", f"Contract__c = '{contract_id}' AND Number__c = 1", plain)
        line = {"Amendment__c": made, "Sort_Order__c": 1, "Name": "More work", "Amount__c": MORE, **of}
        line |= {"Billing_Method__c": held["Contract_Type__c"]}
        await self._made("Contract_Line__c", f"Amendment__c = '{made}'", line)
        await self._ask("PATCH", f"{_DATA}/sobjects/Contract_Amendment__c/{made}", 204, json={"Status__c": "Agreed"})

    async def _made(self, kind: str, where: str, fields: dict[str, Any]) -> str:
        """A record that is there once: looked for before it is entered, and again where no answer came."""
        for _ in range(_TRIES):
            asked = {"q": f"SELECT Id FROM {kind} WHERE {where}"}
            found = (await self._ask("GET", f"{_DATA}/query", 200, params=asked)).json()["records"]
            if found:
                return str(found[0]["Id"])
            await self._once("POST", f"{_DATA}/sobjects/{kind}", json=fields)
        raise AssertionError(f"{kind} {fields} could not be entered")

    async def _ask(self, method: str, path: str, wanted: int, **more: Any) -> httpx.Response:
        said = ""
        for _ in range(_TRIES):
            answer = await self._once(method, path, **more)
            try:
                if isinstance(answer, str):
                    said = answer
                elif answer.status_code == wanted and (method != "GET" or answer.json()):
                    return answer
                else:
                    said = f"{answer.status_code} {answer.text}"
            except ValueError as part:  # a part of it came only
                said = repr(part)
            await asyncio.sleep(0.05)
        raise AssertionError(f"{method} {path}: {said}")

    async def _once(self, method: str, path: str, **more: Any) -> httpx.Response | str:
        """One call: what came of it, or why nothing came."""
        try:
            if not self._token:
                await self._sign_in()
            signed = {"Authorization": f"Bearer {self._token}"}
            answer = await self._http.request(method, path, headers=signed, **more)
        except (httpx.TransportError, ValueError) as silence:
            return repr(silence)
        self._token = "" if answer.status_code == 401 else self._token
        return answer

    async def aclose(self) -> None:
        """Goes home."""
        await self._http.aclose()

    async def _sign_in(self) -> None:
        answer = await self._http.post(TOKENS, data=sign_in_form(self._ground.state))
        self._token = answer.json()["access_token"] if answer.status_code == 200 else "none yet"
