"""What of an address may be written into a log."""

import pytest

from foundation.masking import shown_path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/services/rest/record/v1/customer/eid:ACME-1", "/services/rest/record/v1/customer/eid:ACME-1"),
        ("/A_BusinessPartner('1000')/to_Bank", "/A_BusinessPartner('1000')/to_Bank"),
        ("/customers/by-key/nina%40harbor.example", "/customers/by-key/~"),
        ("/customers/by-key/nina@harbor.example/notes", "/customers/by-key/~/notes"),
        ("/customers/by-key/Nina%20Harbor", "/customers/by-key/~"),
        ("/customers/by-key/J%C3%BCrgen", "/customers/by-key/~"),
        ("/", "/"),
    ],
)
def test_a_piece_that_is_no_id_is_not_shown(path: str, shown: str) -> None:
    assert shown_path(path) == shown
