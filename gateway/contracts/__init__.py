"""Contracts: an OpenAPI document, of whoever owns it, compiled into what checks requests and answers.

contract = Contract(document)          3.1, 3.0, and what of 3.2 means the same
contract.refused()                     constructs that cannot be checked, each by its JSON Pointer
checks = contract.operation("getDeal") one operation's checks, compiled at the first asking
checks.wrong_parameters(...), checks.wrong_body(...), checks.wrong_answer(...)     what is wrong, all of it
"""

from gateway.contracts.compiled import contract_at
from gateway.contracts.contract import Contract
from gateway.contracts.dialect import Refusal
from gateway.contracts.operation import Checks

__all__ = ["Checks", "Contract", "Refusal", "contract_at"]
