from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from node.laboratory import write_laboratory
from node.running import Node, Query, Reply, eventually, objects, run_node
from penstock.store.keys import KeyDraft

RAN = 'penstock_stage_seconds_count{stage="database"}'
_numbers = count(1)


def fresh() -> Query:
    """Return a question that nobody asked before, with an answer that is worth compressing."""
    return {
        "data": {"fields": {"distance": ["sum", "min", "max"]}},
        "scale": {"fields": ["dest"]},
        "filter": {"distance": {"gt": -next(_numbers)}},
        "order": {"dest": "asc"},
    }


def unzstd(body: bytes) -> bytes:
    decoded: bytes = pa.CompressedInputStream(pa.BufferReader(body), "zstd").read()
    return decoded


def gunzip(body: bytes) -> bytes:
    return zlib.decompress(body, 16 + zlib.MAX_WBITS)


CODINGS: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gunzip, "zstd": unzstd}


def test_the_second_answer_comes_from_the_cache_and_says_so(flights: Node) -> None:
    asked = fresh()
    first, second = flights.post("/query", asked), flights.post("/query", asked)

    assert first.headers["cache-status"] == "penstock; fwd=miss; stored"
    assert second.headers["cache-status"].startswith("penstock; hit; ttl=")
    old, new = first.object(), second.object()
    assert (old["cache"], new["cache"]) == (False, True)
    assert {**old, "cache": True} == new


@pytest.mark.parametrize("suffix", ["", ".ndjson", ".csv", ".xlsx", ".arrow", ".parquet"])
def test_a_kept_answer_is_the_same_in_every_format(flights: Node, suffix: str) -> None:
    asked = fresh()
    first = flights.post(f"/query{suffix}?shape=compact", asked).body
    second = flights.post(f"/query{suffix}?shape=compact", asked).body

    assert first.replace(b'"cache":false', b'"cache":true') == second


@pytest.mark.parametrize("again", ["the first answer's", "the kept answer's"])
def test_who_has_the_answer_already_is_told_so(flights: Node, again: str) -> None:
    asked = fresh()
    first, second = flights.post("/query", asked), flights.post("/query", asked)
    etag = (first if again.startswith("the first") else second).headers["etag"]

    for sent in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        reply = flights.post("/query", asked, if_none_match=sent)
        assert (reply.status, reply.body) == (304, b"")
        assert reply.headers["etag"] == second.headers["etag"]
    assert flights.post("/query", asked, if_none_match='"x"').status == 200


def test_a_validator_of_another_question_or_caller_is_not_taken(flights: Node) -> None:
    asked = fresh()
    etag = flights.post("/query", asked).headers["etag"]

    assert flights.post("/query", fresh(), if_none_match=etag).status == 200
    assert flights.post("/query", asked, "jfk", if_none_match=etag).status == 200


@pytest.mark.parametrize("coding", CODINGS)
def test_a_small_answer_is_compressed_as_wanted(flights: Node, coding: str) -> None:
    asked = fresh()
    first = flights.post("/query", asked, accept_encoding=coding)
    kept = flights.post("/query", asked, accept_encoding=coding)
    plain = flights.post("/query", asked)

    assert [r.headers.get("content-encoding") for r in (first, kept, plain)] == [
        coding,
        coding,
        None,
    ]
    assert CODINGS[coding](kept.body) == plain.body
    assert CODINGS[coding](first.body).replace(b'"cache":false', b'"cache":true') == plain.body
    assert len({r.headers["etag"] for r in (first, kept, plain)}) == 3
    etag = kept.headers["etag"]
    assert flights.post("/query", asked, if_none_match=etag, accept_encoding=coding).status == 304


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("suffix", [".csv", "", ".arrow"])
def test_a_large_answer_is_compressed_as_it_flows(flights: Node, coding: str, suffix: str) -> None:
    asked: Query = {
        "data": {"fields": {"flight_date": ["select"], "dest": ["select"], "distance": ["select"]},
                 "limit": 60_000},
        "order": {"flight_date": "asc", "dest": "asc", "distance": "asc"},
    }  # fmt: skip
    path = f"/query{suffix}?shape=compact"
    coded = flights.post(path, asked, accept_encoding=coding, cache_control="no-store")
    plain = flights.post(path, asked, cache_control="no-store")

    assert coded.headers["content-encoding"] == coding
    assert coded.headers["transfer-encoding"] == plain.headers["transfer-encoding"] == "chunked"
    decoded = CODINGS[coding](coded.body)
    if suffix == "":
        assert json.loads(decoded)["rows"] == json.loads(plain.body)["rows"]
    else:
        assert decoded == plain.body


def test_of_several_codings_the_heavier_counts(flights: Node) -> None:
    asked = fresh()
    chosen = {
        sent: flights.post("/query", asked, accept_encoding=sent).headers.get("content-encoding")
        for sent in ("gzip, zstd", "gzip;q=1, zstd;q=0.5", "br, *;q=0.1", "zstd;q=0, identity", "x")
    }

    assert list(chosen.values()) == ["zstd", "gzip", "zstd", None, None]


def test_no_cache_asks_anew_and_no_store_leaves_no_trace(flights: Node) -> None:
    asked = fresh()
    assert (
        "bypass" in flights.post("/query", asked, cache_control="no-store").headers["cache-status"]
    )
    assert "miss" in flights.post("/query", asked).headers["cache-status"]
    ran = flights.metric(RAN)
    assert "miss" in flights.post("/query", asked, cache_control="no-cache").headers["cache-status"]
    assert (
        "bypass" in flights.post("/query", asked, cache_control="no-store").headers["cache-status"]
    )

    assert flights.metric(RAN) == ran + 2
    assert "hit" in flights.post("/query", asked).headers["cache-status"]


def test_the_stages_are_timed(flights: Node) -> None:
    timed = flights.post("/query", fresh()).headers["server-timing"]

    stages = [part.partition(";")[0] for part in timed.split(", ")]
    assert stages == ["parse", "policy", "plan", "bind", "queue", "database", "encode"]


def test_the_trace_of_the_caller_is_continued(flights: Node) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    sent = f"00-{trace}-b7ad6b7169203331-01"
    continued = flights.get("/livez", traceparent=sent).headers["traceparent"]

    assert continued.startswith(f"00-{trace}-")
    assert continued.endswith("-01")
    assert "b7ad6b7169203331" not in continued
    for wrong in ("x", sent[:-1], sent.replace(trace, "0" * 32), sent.upper()):
        made = flights.get("/livez", traceparent=wrong).headers["traceparent"]
        assert len(made) == len(sent)
        assert trace not in made


def test_refresh_needs_the_permission_and_forgets_every_answer(flights: Node) -> None:
    asked = fresh()
    flights.post("/query", asked)

    assert flights.post("/refresh", b"", None).told == (401, "UNAUTHENTICATED")
    assert flights.post("/refresh", b"", "jfk").told == (403, "FORBIDDEN")
    assert "hit" in flights.post("/query", asked).headers["cache-status"]
    refreshed = flights.post("/refresh", b"").object()
    assert refreshed["everywhere"] is True
    assert isinstance(refreshed["forgotten"], int)
    assert refreshed["forgotten"] > 0
    assert flights.metric("penstock_cache_entries") == 0
    assert "miss" in flights.post("/query", asked).headers["cache-status"]


def ask_all(node: Node, query: Query, times: int) -> list[Reply]:
    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(lambda _: node.post("/query", query), range(times)))


def test_the_same_question_asked_by_many_runs_once(lab: Node) -> None:
    asked: Query = {
        "data": {"fields": {"slow": ["sum"]}},
        "filter": {"id": {"lt": 2000 + next(_numbers)}},
    }
    ran = lab.metric(RAN)
    replies = ask_all(lab, asked, 16)

    assert [reply.status for reply in replies] == [200] * 16
    assert lab.metric(RAN) == ran + 1
    assert sum("hit" in reply.headers["cache-status"] for reply in replies) == 15
    assert len({json.dumps(reply.object()["results"]) for reply in replies}) == 1


def test_if_who_asked_first_leaves_the_others_are_answered(lab: Node) -> None:
    asked: Query = {
        "data": {"fields": {"slow": ["sum"]}},
        "filter": {"id": {"lt": 8000 + next(_numbers)}},
    }
    first = lab.connect()
    first.request("POST", "/query", json.dumps(asked), lab.headers("analyst"))
    eventually(lambda: lab.metric("penstock_running") == 1, "it runs")
    with ThreadPoolExecutor(1) as threads:
        others = threads.submit(ask_all, lab, asked, 4)
        first.close()
        replies = others.result()

    assert [reply.status for reply in replies] == [200] * 4
    eventually(lab.is_idle, "no place is lost")


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[Node]:
    folder = write_laboratory(tmp_path / "project", rows=100)
    keeper = KeyDraft(name="analyst", roles=("everything",), permissions=frozenset({"refresh"}))
    with run_node(folder, tmp_path / "home", "--no-reload", drafts=(keeper,)) as node:
        yield node


def test_data_that_changed_is_seen_without_anybody_saying_so(own_lab: Node, tmp_path: Path) -> None:
    asked: Query = {"data": {"fields": {"id": ["count"]}}}
    assert own_lab.post("/query?shape=rows", asked).rows() == [{"id_count": 100}]
    path = tmp_path / "project/data/numbers.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table]), path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)

    eventually(
        lambda: own_lab.post("/query?shape=rows", asked).rows() == [{"id_count": 200}],
        "the new rows are counted",
    )
    assert own_lab.post("/refresh", b"").object()["rows"] == {"numbers": 200}
    (numbers,) = objects(own_lab.get("/dataset").object()["tables"])
    assert numbers["rows"] == 200
