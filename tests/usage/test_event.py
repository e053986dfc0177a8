from __future__ import annotations

import pytest

from penstock.usage.event import UsageUnreadableError, decode_events, encode_events
from usage.events import usage


def test_events_are_lines_that_are_read_again() -> None:
    events = (usage("a"), usage("b"))

    assert encode_events(events).count(b"\n") == 2
    assert decode_events(encode_events(events)) == events
    assert decode_events(b"") == ()


@pytest.mark.parametrize("lines", [b"{}", b"{", b"[]", b'{"id": 1}', b"\xff"])
def test_what_is_no_event_is_refused(lines: bytes) -> None:
    with pytest.raises(UsageUnreadableError):
        decode_events(encode_events([usage("a")]) + lines)
