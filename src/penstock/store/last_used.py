"""When keys were last used, gathered in memory, written now and then."""

from __future__ import annotations

from penstock.store.keys import KeyRepository


class LastUsed:
    """A write per request would cost more than the request; a minute's delay costs nothing.

    Bounded by the number of keys: only ids that were authenticated are noted.
    """

    def __init__(self) -> None:
        self._times: dict[str, float] = {}

    def note(self, key_id: str, now: float) -> None:
        self._times[key_id] = now

    def flush(self, keys: KeyRepository) -> None:
        """Write what was noted; what cannot be written is kept for the next time, unless newer."""
        noted, self._times = self._times, {}
        times = dict(noted)  # a copy, as a thread may still be writing to `noted`
        if not times:
            return
        try:
            keys.touch(times)
        except Exception:
            self._times = {**times, **self._times}
            raise
