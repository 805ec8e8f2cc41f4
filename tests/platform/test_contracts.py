"""Schemathesis over each published contract, against the running platform: no server error, nothing undocumented."""

from functools import cache
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS

from tests.platform.contracts import OPERATIONS, Published
from tests.platform.known import token_for
from tests.processes import ROOT, Client

CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
"""Positive data may be refused by a vendor's own rules; methods and sign-in have tests of their own beside this."""


@cache
def contract(file: str) -> Any:
    return schemathesis.openapi.from_path(ROOT / "openapi" / file)


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.key for operation in OPERATIONS])
def test_whatever_is_sent_the_answer_is_a_documented_one(platform: Client, operation: Published) -> None:
    described = contract(operation.file)[operation.path][operation.method]
    token = token_for(platform, operation)
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    @hypothesis.settings(
        max_examples=5,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(described.as_strategy(generation_mode=mode) for mode in GenerationMode))
    def holds(case: Case) -> None:
        case.call_and_validate(platform.url, headers=headers, checks=CHECKS.get_by_names(CHECKED))

    holds()
