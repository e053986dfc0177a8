"""What has reached the manager's records: usage, and the log of who did what."""

from __future__ import annotations

import httpx
import sqlalchemy

from penstock.store.database import open_state
from penstock.store.usage import UsageRow
from support.stack import Stack

_REQUEST = sqlalchemy.select(sqlalchemy.func.count()).select_from(UsageRow)


def counted(shop: Stack, key: str | None = None) -> int:
    """Return how many requests are on record, of one caller or of all; a key is its whole text."""
    query = _REQUEST if key is None else _REQUEST.where(UsageRow.subject == key.split("_")[2])
    with open_state(shop.home, shop.environment) as database, database.reading() as session:
        return session.scalar(query) or 0


def audit_is_whole(shop: Stack) -> bool:
    """Say whether nothing was changed in, removed from or put into the log of who did what."""
    answer = httpx.get(
        f"{shop.manager}/api/v1/audit/verify",
        headers={"Authorization": f"Bearer {shop.running['token']}"},
        timeout=30,
    )
    return answer.status_code == httpx.codes.OK and answer.json().get("broken") is None
