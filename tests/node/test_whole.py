from __future__ import annotations

import pytest

from penstock.node.whole import word_header


def test_a_header_is_worded_as_it_is_sent() -> None:
    assert word_header(b"etag", b'"a"') == b'etag: "a"\r\n'


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\x00", b"a" * 8193])
def test_no_value_begins_another_header(value: bytes) -> None:
    with pytest.raises(ValueError, match="header's value"):
        word_header(b"etag", value)
