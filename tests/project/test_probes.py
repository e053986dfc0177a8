from __future__ import annotations

from pathlib import Path

import pytest

from penstock.project.types import Expectation
from project.folders import issues, load, write

CLERK = "roles: [clerk], attributes: {shops: [a]}"
BY_SHOP = "{data: {fields: {id: [count]}}, scale: {fields: [shop]}}"


def with_probes(folder: Path, *probes: str) -> Path:
    listed = "".join(f"  - {{{probe}}}\n" for probe in probes)
    return write(folder, {"penstock.yaml": f"name: shop\nprobes:\n{listed}"})


def test_probes_are_read_with_what_is_expected_of_them(tmp_path: Path) -> None:
    folder = with_probes(
        tmp_path,
        f"name: shops, query: {BY_SHOP}, {CLERK},"
        " expect: {columns: [shop, shop_label, id_count],"
        " min_rows: 1, max_rows: 9, max_seconds: 500ms}",
        "name: later, saved: by-shop, parameters: {from: '2024-01-02'}, roles: [everyone]",
    )
    (folder / "policies/roles.yaml").write_text(
        "roles: {everyone: {}, clerk: {rows: [{tables: [orders],"
        " filter: {shop: {in: $principal.shops}}}]}}\n"
    )
    shops, later = load(folder).probes

    assert (shops.name, shops.roles, shops.attributes) == ("shops", ("clerk",), {"shops": ("a",)})
    assert shops.expect == Expectation(
        columns=("shop", "shop_label", "id_count"), min_rows=1, max_rows=9, max_seconds=0.5
    )
    assert (later.saved, later.parameters) == ("by-shop", {"from": "2024-01-02"})
    assert later.expect == Expectation()


@pytest.mark.parametrize(
    ("probe", "issue"),
    [
        (
            f"name: p, {CLERK}",
            (
                "3:12 INVALID_VALUE The probe 'p' asks nothing. | Give it either `query: {…}`, or"
                " the name of a saved query as `saved: …`."
            ),
        ),
        (
            f"name: p, query: {BY_SHOP}, saved: by-shop, {CLERK}",
            (
                "3:12 INVALID_VALUE The probe 'p' asks twice. | Give it either `query: {…}`, or"
                " the name of a saved query as `saved: …`."
            ),
        ),
        (
            f"name: p, saved: by-shops, {CLERK}",
            "3:22 INVALID_VALUE There is no saved query 'by-shops'. | Did you mean 'by-shop'?",
        ),
        (
            "name: p, query: {data: {fields: {id: [count]}}}, roles: [clerc]",
            "3:63 UNKNOWN_ROLE There is no role 'clerc'. | Did you mean 'clerk'?",
        ),
        (
            (
                "name: p, query: {data: {fields: {idd: [count]}}}, roles: [clerk],"
                " attributes: {shops: [a]}"
            ),
            "3:39 NO_TABLE_FOUND 'p': No table has an attribute 'idd'. | Did you mean 'id'?",
        ),
        (
            f"name: p, query: {{data: {{fields: {{amount: [sum]}}}}}}, {CLERK}",
            "3:39 NO_TABLE_FOUND",  # hidden from this role: as if it were not there
        ),
        (
            "name: p, query: {data: {fields: {id: [count]}}}, roles: [clerk]",
            "3:55 MISSING_ATTRIBUTE",
        ),
        (
            f"name: p, query: {BY_SHOP}, {CLERK}, expect: {{columns: [id_count]}}",
            "INVALID_VALUE The answer to 'p' has other columns. | They are [shop, shop_l",
        ),
        (
            f"name: p, query: {BY_SHOP}, {CLERK}, expect: {{max_rows: 0}}",
            (
                "INVALID_VALUE No answer has 1 rows at least and 0 at most. | `min_rows` is 1"
                " unless it is given."
            ),
        ),
        (
            f"name: p, query: {BY_SHOP}, parameters: {{x: 1}}, {CLERK}",
            "INVALID_VALUE Parameters are for a saved query. | Write the values into the query.",
        ),
        (f"name: p, qeury: {BY_SHOP}, {CLERK}", "UNKNOWN_KEY Unknown key 'qeury'."),
    ],
)
def test_what_is_wrong_with_a_probe_is_said_with_its_place(
    tmp_path: Path, probe: str, issue: str
) -> None:
    found = issues(with_probes(tmp_path, probe))

    assert any(issue in said for said in found), found
    assert all(said.startswith("penstock.yaml:3:") for said in found)


def test_arguments_of_a_saved_query_are_checked(tmp_path: Path) -> None:
    (found,) = issues(
        with_probes(tmp_path, f"name: p, saved: by-shop, parameters: {{form: x}}, {CLERK}")
    )

    assert "UNKNOWN_PARAMETER 'p': The query 'by-shop' has no parameter 'form'." in found


def test_two_probes_have_two_names(tmp_path: Path) -> None:
    probe = f"name: p, query: {BY_SHOP}, {CLERK}"

    assert [said.partition(" ")[0] for said in issues(with_probes(tmp_path, probe, probe))] == [
        "penstock.yaml:3:12",
        "penstock.yaml:4:12",
    ]
