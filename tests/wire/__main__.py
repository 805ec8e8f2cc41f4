"""Write the page of the corpus."""

from tests.wire.page import PAGE, page

PAGE.write_text(page(), encoding="utf-8")
