from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from node.running import Node, objects
from penstock.query.types import Json

DOCUMENTS = ("/dataset", "/openapi.json", "/queries")
# What the roles `public` and `station_agent` may not know of, as whole words of the documents.
OF_PLANES = ("planes", "manufacturer", "seats", "engines", "size", "plane", "fleet/makers")
HIDDEN = {"public": ("tailnum", "flight", *OF_PLANES), "jfk": ("tailnum", *OF_PLANES)}
OF_THE_MODEL = (
    "flights", "airlines", "weather", "planes", "demo", "distance", "carrier", "dep_delay",
    "late_share", "delays", "traffic", "fleet", "delays/by-origin", "month", "top",
)  # fmt: skip


def words(body: bytes) -> set[str]:
    """Return the names in a document; prose, which is the project's own, is left out."""
    prose = rb'"(?:title|description|summary)":"(?:[^"\\]|\\.)*"'
    told = re.sub(prose, b"", body).decode()
    return {*re.findall(r"[\w/-]+", told), *re.findall(r"\w+", told)}


@pytest.mark.parametrize("who", ["analyst", "jfk", "public"])
@pytest.mark.parametrize("path", [*DOCUMENTS, "/me"])
def test_every_document_is_private_and_has_a_validator(flights: Node, path: str, who: str) -> None:
    reply = flights.get(path, who)

    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.headers["cache-control"] == "private, no-cache"
    assert reply.headers["vary"] == "authorization, x-api-key"
    again = flights.get(path, who, if_none_match=reply.headers["etag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("who", HIDDEN)
def test_what_is_hidden_is_in_no_document(flights: Node, path: str, who: str) -> None:
    known, seen = words(flights.get(path).body), words(flights.get(path, who).body)

    assert not seen.intersection(HIDDEN[who])
    assert seen < known or path == "/queries"


def test_the_words_that_must_not_appear_do_appear_for_others(flights: Node) -> None:
    everything = set[str]().union(*(words(flights.get(path).body) for path in DOCUMENTS))

    assert everything.issuperset({*HIDDEN["public"], *HIDDEN["jfk"], *OF_THE_MODEL})


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/livez", "/readyz", "/metrics"])
def test_what_anybody_may_read_says_nothing_of_the_model(flights: Node, path: str) -> None:
    flights.get("/queries/delays/by-origin?month=3")
    reply = flights.get(path, None)

    assert reply.status == 200
    assert not words(reply.body).intersection(OF_THE_MODEL)


@pytest.mark.parametrize("path", ["/dataset", "/qb/dataset", "/queries", "/me", "/query"])
def test_everything_else_needs_a_credential(flights: Node, path: str) -> None:
    method = "POST" if path == "/query" else "GET"

    assert flights.request(method, path).told == (401, "UNAUTHENTICATED")


def test_a_hidden_saved_query_with_a_required_argument_is_in_no_document(lab: Node) -> None:
    for path in ("/queries", "/openapi.json"):
        assert "secrets" in words(lab.get(path).body)
        assert not {"secret", "secrets"}.intersection(words(lab.get(path, "some").body))
    assert "secrets" not in words(lab.get("/openapi.json", None).body)


def test_the_catalogue_tells_what_can_be_asked(flights: Node) -> None:
    catalogue = flights.get("/dataset").object()
    tables = {str(table["name"]): table for table in objects(catalogue["tables"])}
    attributes = {a["name"]: a for a in objects(tables["flights"]["attributes"])}

    assert sorted(tables) == ["airlines", "airports", "flights", "planes", "weather"]
    assert tables["flights"]["rows"] == 336776
    assert attributes["late_share"]["aggregate"] is True
    assert attributes["carrier"]["label"] == "airline.name"
    assert "month" in str(attributes["flight_date"]["granularities"])
    assert flights.get("/qb/dataset").body == flights.get("/dataset").body


def test_the_catalogue_tells_over_what_a_balance_does_not_add_up(flights: Node) -> None:
    catalogue = flights.get("/dataset").object()
    tables = {str(table["name"]): table for table in objects(catalogue["tables"])}
    attributes = {a["name"]: a for a in objects(tables["weather"]["attributes"])}

    told = attributes["barometer"]["semi_additive"]
    assert told == {"over": "observed", "take": "last", "per": ["origin"]}
    assert "semi_additive" not in attributes["pressure"]


def test_the_rows_of_a_filtered_table_are_not_counted_for_others(flights: Node) -> None:
    tables = objects(flights.get("/dataset", "jfk").object()["tables"])
    rows = {table["name"]: table.get("rows") for table in tables}

    assert rows == {"airlines": 16, "airports": 1458, "flights": None, "weather": None}


def test_openapi_describes_paths_that_there_are(flights: Node) -> None:
    document = flights.get("/openapi.json").object()
    paths = document["paths"]

    assert document["openapi"] == "3.1.0"
    assert isinstance(paths, Mapping)
    for path, operations in paths.items():
        assert isinstance(operations, Mapping)
        for method in operations:
            assert flights.request(method.upper(), path).told[0] == 401, path


def test_the_example_of_openapi_can_be_asked(flights: Node) -> None:
    document = flights.get("/openapi.json").object()
    found: Json = document
    for step in ("paths", "/query", "post", "requestBody", "content", "application/json"):
        assert isinstance(found, Mapping)
        found = found[step]

    assert isinstance(found, Mapping)
    example = found["example"]
    assert isinstance(example, Mapping)
    assert flights.post("/query", example).status == 200


def test_me_tells_who_the_caller_is(flights: Node) -> None:
    me = flights.get("/me", "jfk").object()

    assert (me["kind"], me["roles"], me["attributes"], me["permissions"]) == (
        "apikey",
        ["station_agent"],
        {"stations": ["JFK"]},
        [],
    )
    assert str(me["subject"]) in flights.keys["jfk"]


def test_the_docs_are_one_page_and_its_own_files(flights: Node) -> None:
    page = flights.get("/docs", None)
    script = flights.get("/docs/assets/docs.js", None)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    etag = script.headers["etag"]
    assert flights.get("/docs/assets/docs.js", None, if_none_match=etag).status == 304


@pytest.mark.parametrize(
    "path", ["/docs/assets/../docs_page.py", "/docs/assets/%2e%2e/node.py", "/docs/x", "/docsx"]
)
def test_no_other_file_is_served(flights: Node, path: str) -> None:
    assert flights.get(path, None).told == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "path", ["/queries", "/queries/delays/by-origin", "/dataset", "/me", "/openapi.json", "/docs",
             "/livez", "/readyz", "/metrics", "/nowhere"]
)  # fmt: skip
def test_head_gives_the_headers_of_get_and_no_body(flights: Node, path: str) -> None:
    got = flights.get(path)
    head = flights.request("HEAD", path, headers=flights.headers("analyst"))

    assert head.body == b""
    assert head.status == got.status
    assert {*head.headers} | {"server-timing"} == {*got.headers} | {"server-timing"}


def test_metrics_are_in_prometheus_form(flights: Node) -> None:
    reply = flights.get("/metrics", None)

    assert reply.headers["content-type"].startswith("text/plain; version=")
    before = flights.metric('penstock_requests_total{cache="",route="/me",status="200"}')
    flights.get("/me")
    assert (
        flights.metric('penstock_requests_total{cache="",route="/me",status="200"}') == before + 1
    )
