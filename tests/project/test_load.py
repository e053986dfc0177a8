from __future__ import annotations

from pathlib import Path

import pytest

from penstock.model.types import DataType, Formula
from penstock.secret import Secret
from project.folders import ROOT, SHOP, issues, load, write
from support import flights

MODEL = SHOP["models/orders.yaml"]
ROLES = SHOP["policies/roles.yaml"]
QUERY = SHOP["queries/by-shop.yaml"]


def test_the_flights_project_is_clean() -> None:
    project = load(ROOT)

    assert list(project.model.tables) == ["airlines", "planes", "flights", "airports", "weather"]
    assert set(project.policies.roles) == {"analyst", "station_agent", "public"}
    assert "delays/by-origin" in project.saved


def test_the_flights_folder_says_what_the_tests_of_the_core_assume() -> None:
    """Every attribute and relationship of the model by hand is in the folder, and the same."""
    project = load(ROOT)
    for name, table in flights.FLIGHTS.tables.items():
        loaded = project.model.tables[name]
        shared = [n for n in table.attributes if n in loaded.attributes]
        assert {n: loaded.attributes[n].type for n in shared} == {
            n: table.attributes[n].type for n in shared
        }
        assert loaded.relationships.keys() >= table.relationships.keys()
        assert {n: r.keys for n, r in loaded.relationships.items() if n in table.relationships} == {
            n: r.keys for n, r in table.relationships.items()
        }


def test_the_late_share_is_the_formula_of_the_query_language() -> None:
    source = load(ROOT).model.tables["flights"].attributes["late_share"].source

    assert source == Formula(
        text="SUM(CASE WHEN arr_delay > 15 THEN 1 ELSE 0 END) / COUNT(arr_delay)",
        uses=("arr_delay",),
        aggregates=True,
    )


def test_a_small_project_loads_with_defaults(tmp_path: Path) -> None:
    project = load(write(tmp_path))

    assert (project.name, project.api) == ("shop", "shop")
    assert project.serving.timeout == 30.0
    assert project.cache.memory == 64 << 20
    assert project.model.tables["orders"].attributes["shop"].label == ("place", "city")
    assert project.model.tables["orders"].attributes["day"].type is DataType.DATE
    assert project.authentication.anonymous is None
    assert project.connectors["shop"].settings.files["orders"] == tmp_path / "data/orders.csv"


def test_limits_and_sizes_are_read_in_the_units_people_write(tmp_path: Path) -> None:
    root = "name: shop\nlimits: {timeout: 500ms, max_body: 2MB, max_rows: 9000}\ncache: {ttl: 0}\n"
    project = load(write(tmp_path, {"penstock.yaml": root}))

    assert project.serving.timeout == 0.5
    assert project.serving.max_body == 2 << 20
    assert project.limits.max_rows == 9000
    assert project.cache.ttl == 0


def test_a_folder_without_a_project_says_so(tmp_path: Path) -> None:
    assert issues(tmp_path) == [
        (
            "penstock.yaml:1:1 NO_PROJECT There is no penstock.yaml here. | A project is a"
            " folder with"
            " a penstock.yaml that says at least `name: …`."
        )
    ]
    assert "There is no folder " in issues(tmp_path / "nowhere")[0]


def model(old: str, new: str) -> dict[str, str]:
    assert old in MODEL
    return {"models/orders.yaml": MODEL.replace(old, new)}


def policy(old: str, new: str) -> dict[str, str]:
    assert old in ROLES
    return {"policies/roles.yaml": ROLES.replace(old, new)}


def query(old: str, new: str) -> dict[str, str]:
    assert old in QUERY
    return {"queries/by-shop.yaml": QUERY.replace(old, new)}


def jwt(text: str) -> dict[str, str]:
    head = "name: shop\nauthentication:\n  jwt:\n    - issuer: https://id.example.com\n"
    lines = "".join(f"      {line}\n" for line in text.split("; "))
    return {"penstock.yaml": f"{head}      audience: penstock\n{lines}"}


CASES: dict[str, tuple[dict[str, str], str]] = {
    # models
    "unknown database": (
        model("database: shop", "database: shp"),
        (
            "models/orders.yaml:3:15 UNKNOWN_DATABASE There is no database 'shp'. | Did you"
            " mean 'shop'?"
        ),
    ),
    "unknown source": (
        model("database: shop", "database: shop\n    source: order"),
        (
            "models/orders.yaml:4:13 UNKNOWN_SOURCE The database 'shop' has no file for 'order'."
            " | Did you mean 'orders'?"
        ),
    ),
    "relationship to nowhere": (
        model("to: shops", "to: shop"),
        "models/orders.yaml:11:19 UNKNOWN_TABLE There is no table 'shop'. | Did you mean 'shops'?",
    ),
    "relationship on a key the other lacks": (
        model("shop: code", "shop: cod"),
        (
            "models/orders.yaml:11:37 UNKNOWN_ATTRIBUTE The table 'shops' has no attribute 'cod'."
            " | Did you mean 'code'?"
        ),
    ),
    "relationship on a key of another type": (
        {
            "models/orders.yaml": MODEL.replace("{shop: code}", "{id: code}").replace(
                ", label: place.city", ""
            )
        },
        (
            "models/orders.yaml:11:35 INVALID_KEY 'id' is of type integer, shops.code of"
            " type string."
            " | Both sides of a key have the same type."
        ),
    ),
    "relationship on a formula": (
        {
            "models/orders.yaml": MODEL.replace("{shop: code}", "{mean: code}").replace(
                ", label: place.city", ""
            )
        },
        (
            "models/orders.yaml:11:37 INVALID_KEY orders.mean is a formula, and tables are"
            " joined on"
            " columns. | None"
        ),
    ),
    "label by no relationship": (
        model("place.city", "plaice.city"),
        (
            "models/orders.yaml:6:35 UNKNOWN_RELATIONSHIP The table has no relationship 'plaice'."
            " | Did you mean 'place'?"
        ),
    ),
    "label that is no attribute": (
        model("place.city", "place.town"),
        (
            "models/orders.yaml:6:35 UNKNOWN_ATTRIBUTE The table 'shops' has no attribute 'town'."
            " | None"
        ),
    ),
    "label without a path": (
        model("place.city", "city"),
        (
            "models/orders.yaml:6:35 INVALID_LABEL 'city' does not say where the label is."
            " | Write relationship.attribute, such as airline.name."
        ),
    ),
    "label by a relationship with another key": (
        model("id: {type: integer}", "id: {type: integer, label: place.city}"),
        (
            "models/orders.yaml:5:34 INVALID_LABEL 'place' does not join on 'id' alone, so"
            " it cannot"
            " name it. | A label comes by a relationship whose only key is 'id'."
        ),
    ),
    "formula that is no SQL": (
        model("SUM(amount) / COUNT(id)", "SUM(amount"),
        (
            "models/orders.yaml:9:23 INVALID_FORMULA The formula is not SQL: Expecting )"
            " near 'amount',"
            " column 10."
        ),
    ),
    "formula with a subquery": (
        model("SUM(amount) / COUNT(id)", "(SELECT 1)"),
        "models/orders.yaml:9:23 INVALID_FORMULA A subquery is not allowed in a formula.",
    ),
    "formula over a name that is not there": (
        model("SUM(amount) /", "SUM(amont) /"),
        (
            "models/orders.yaml:9:23 UNKNOWN_ATTRIBUTE The table has no attribute 'amont',"
            " which the"
            " formula uses. | Did you mean 'amount'?"
        ),
    ),
    "formula that comes back to itself": (
        model("SUM(amount) / COUNT(id)", "mean + 1"),
        "models/orders.yaml:9:23 FORMULA_CYCLE The formula comes back to itself: mean → mean.",
    ),
    "formula of a row and of a group": (
        model("SUM(amount) / COUNT(id)", "SUM(amount) / id"),
        (
            "models/orders.yaml:9:23 INVALID_FORMULA The formula aggregates, and 'id' stands"
            " outside of"
            " its aggregates. | Write SUM(id), MIN(id) or another aggregate of it."
        ),
    ),
    "aggregate of an aggregate": (
        model(
            "    relationships:", "      top: {formula: MAX(mean), type: float}\n    relationships:"
        ),
        (
            "models/orders.yaml:10:22 INVALID_FORMULA 'mean' aggregates already, and stands"
            " inside an"
            " aggregate."
        ),
    ),
    "column and formula": (
        model("{type: date}", "{type: date, column: day, formula: day}"),
        (
            "models/orders.yaml:8:7 INVALID_VALUE An attribute has a `column` or a"
            " `formula`, not both."
        ),
    ),
    "formula that is not null": (
        model("COUNT(id), type: float}", "COUNT(id), type: float, not_null: true}"),
        (
            "models/orders.yaml:9:71 INVALID_VALUE 'mean' is a formula, and only a column is"
            " `not_null`. | Leave `not_null` out, or say it of the columns that the formula uses."
        ),
    ),
    "attribute with a dot": (
        model("id: {type: integer}", "id: {type: integer}\n      i.d: {type: integer}"),
        "models/orders.yaml:6:7 INVALID_NAME 'i.d' is not a name.",
    ),
    "attribute called like a word of the filter": (
        model("day: {type: date}", "or: {type: date}")
        | {"queries/by-shop.yaml": "query: {data: {fields: {id: [sum]}}}\n"},
        "models/orders.yaml:8:7 RESERVED_NAME An attribute cannot be called 'or'",
    ),
    "project called like what addresses begin with": (
        {"penstock.yaml": "name: preview\n"},
        "penstock.yaml:1:7 RESERVED_NAME A project cannot be called 'preview'",
    ),
    "attribute without a type": (
        model("day: {type: date}", "day: {title: Day}"),
        "models/orders.yaml:8:7 MISSING_KEY The key 'type' of 'day' is missing. | Add `type: …`.",
    ),
    "table in two files": (
        {"models/again.yaml": SHOP["models/shops.yaml"]},
        (
            "models/shops.yaml:2:3 DUPLICATE_TABLE The table 'shops' is declared twice."
            " | The other one is in models/again.yaml."
        ),
    ),
    "key twice": (
        model("id: {type: integer}", "id: {type: integer}\n      id: {type: string}"),
        (
            "models/orders.yaml:6:7 DUPLICATE_KEY The key 'id' is here twice."
            " | The first one is on line 5."
        ),
    ),
    # policies
    "filter on an unknown attribute": (
        policy("{shop: {in", "{shp: {in"),
        (
            "policies/roles.yaml:5:18 UNKNOWN_ATTRIBUTE The table 'orders' has no attribute 'shp'."
            " | Did you mean 'shop'?"
        ),
    ),
    "filter on an unknown table": (
        policy("[orders]", "[order]"),
        (
            "policies/roles.yaml:4:18 UNKNOWN_TABLE There is no table 'order'."
            " | Did you mean 'orders'?"
        ),
    ),
    "filter with a typing error in a placeholder": (
        policy("$principal.shops", "$princpal.shops"),
        (
            "policies/roles.yaml:5:29 INVALID_FILTER '$princpal.shops' stands for nothing here."
            " | Write $principal.<attribute> for what the caller's credential carries."
        ),
    ),
    "filter with a value of another type": (
        policy("{shop: {in: $principal.shops}}", "{day: {gte: yesterday}}"),
        (
            "policies/roles.yaml:5:29 INVALID_VALUE For 'orders': 'yesterday' is not a value"
            " of 'day',"
            " which is of type date."
        ),
    ),
    "filter on an aggregate": (
        policy("{shop: {in: $principal.shops}}", "{mean: {gt: 3}}"),
        (
            "policies/roles.yaml:5:18 INVALID_FILTER 'mean' aggregates, and a row filter is"
            " about rows."
        ),
    ),
    "filter that filters nothing": (
        policy("{shop: {in: $principal.shops}}", "{}"),
        "policies/roles.yaml:5:9 INVALID_VALUE",
    ),
    "hidden attribute that is not there": (
        policy("orders.amount", "orders.amont"),
        (
            "policies/roles.yaml:6:14 UNKNOWN_ATTRIBUTE The table 'orders' has no attribute"
            " 'amont'."
            " | Did you mean 'amount'?"
        ),
    ),
    "hidden table": (
        policy("orders.amount", "orders"),
        (
            "policies/roles.yaml:6:14 INVALID_VALUE 'orders' does not say which attribute is"
            " hidden."
            " | Write orders.attribute, or orders.* for the whole table."
        ),
    ),
    "role in two files": (
        {"policies/again.yaml": "roles: {clerk: {}}\n"},
        "policies/roles.yaml:2:3 DUPLICATE_ROLE The role 'clerk' is declared twice.",
    ),
    # saved queries
    "query that names nothing": (
        query("amount: [sum]", "amont: [sum]"),
        (
            "queries/by-shop.yaml:2:19 NO_TABLE_FOUND No table has an attribute 'amont'."
            " | Did you mean 'amount'?"
        ),
    ),
    "query with a compute that does not apply": (
        query("amount: [sum]", "mean: [sum]"),
        "queries/by-shop.yaml:2:19 COMPUTE_NOT_ALLOWED",
    ),
    "query without data": (
        {"queries/by-shop.yaml": "query: {scale: {fields: [shop]}}\n"},
        "queries/by-shop.yaml:1:1 INVALID_QUERY 'data' is missing",
    ),
    "parameter that nobody uses": (
        query("type: date}", "type: date}\n  top: {type: integer}"),
        (
            "queries/by-shop.yaml:7:3 UNUSED_PARAMETER The query does not use its parameter 'top'."
            " | Write $param.top where its value belongs."
        ),
    ),
    "parameter with a default beyond its bounds": (
        query("{type: date}", "{type: date, default: 2000-01-01, min: 2010-01-01}"),
        (
            "queries/by-shop.yaml:6:31 INVALID_VALUE 'from' must be 2010-01-01 or more, not"
            " '2000-01-01'."
        ),
    ),
    "parameter with a bound of another type": (
        query("{type: date}", "{type: date, min: soon}"),
        "queries/by-shop.yaml:6:27 INVALID_VALUE 'from' is of type date, and 'soon' is not.",
    ),
    "dynamic parameter on nothing": (
        {
            "queries/by-shop.yaml": QUERY
            + "dynamic_parameters:\n  - {type: filter, reference: shp}\n"
        },
        (
            "queries/by-shop.yaml:8:31 UNKNOWN_ATTRIBUTE No table has an attribute 'shp'."
            " | Did you mean 'shop'?"
        ),
    ),
    "dynamic parameter with a transformer of nobody": (
        {
            "queries/by-shop.yaml": QUERY
            + "dynamic_parameters:\n  - {type: filter, reference: shop, transform: upper}\n"
        },
        "queries/by-shop.yaml:8:48 UNKNOWN_TRANSFORMER",
    ),
    "query whose name is no address": (
        {"queries/by shop.yaml": QUERY},
        "queries/by shop.yaml:1:1 INVALID_NAME",
    ),
    # connectors
    "unknown engine": (
        {"connectors/shop.yaml": SHOP["connectors/shop.yaml"].replace("duckdb", "duckbd")},
        (
            "connectors/shop.yaml:1:9 UNKNOWN_ENGINE There is no engine 'duckbd' here."
            " | Did you mean 'duckdb'?"
        ),
    ),
    "file outside": (
        {"connectors/shop.yaml": SHOP["connectors/shop.yaml"].replace("data/shops", "../shops")},
        "connectors/shop.yaml:2:41 FILE_OUTSIDE This file is not inside the project.",
    ),
    "absolute file": (
        {
            "connectors/shop.yaml": SHOP["connectors/shop.yaml"].replace(
                "data/shops.csv", "/etc/passwd"
            )
        },
        "connectors/shop.yaml:2:41 FILE_OUTSIDE This file is not inside the project.",
    ),
    "glob of nothing": (
        {
            "connectors/shop.yaml": SHOP["connectors/shop.yaml"].replace(
                "data/shops.csv", "data/*.xml"
            )
        },
        "connectors/shop.yaml:2:41 FILE_NOT_FOUND There is no such file.",
    ),
    "folder that is no table": (
        {"connectors/shop.yaml": SHOP["connectors/shop.yaml"].replace("data/shops.csv", "data/")},
        (
            "connectors/shop.yaml:2:41 INVALID_VALUE This folder is no table of Delta Lake or"
            " Iceberg: it has no `_delta_log/`, and no `metadata/` with a `*.metadata.json`."
            " | For the files in it write a glob, such as `data/*.csv`."
        ),
    ),
    "glob over the files of a table": (
        {
            "connectors/shop.yaml": SHOP["connectors/shop.yaml"].replace(
                "data/shops.csv", "data/**/*.parquet"
            ),
            "data/lake/_delta_log/0.json": "",
            "data/lake/year=2020/a.parquet": "",
        },
        (
            "connectors/shop.yaml:2:41 INVALID_VALUE This reads files of the Delta table"
            " 'data/lake', rows that were deleted among them."
            " | Write the folder, `data/lake`: then its log says what is in the table."
        ),
    ),
    "file of a table": (
        {
            "connectors/shop.yaml": SHOP["connectors/shop.yaml"].replace(
                "data/shops.csv", "data/lake/data/a.parquet"
            ),
            "data/lake/metadata/0.metadata.json": "",
            "data/lake/data/a.parquet": "",
        },
        (
            "connectors/shop.yaml:2:41 INVALID_VALUE This reads files of the Iceberg table"
            " 'data/lake', rows that were deleted among them."
        ),
    ),
    "password in a file": (
        {"connectors/shop.yaml": SHOP["connectors/shop.yaml"] + "options: {password: hunter2}\n"},
        (
            "connectors/shop.yaml:3:21 SECRET_IN_FILE A secret does not stand in a file."
            " | Write ${NAME} and put it in the environment."
        ),
    ),
    "file among the options": (
        {"connectors/shop.yaml": "engine: sqlite\noptions: {database: /etc/shop.db}\n"},
        (
            "connectors/shop.yaml:2:11 INVALID_VALUE The file of a database of sqlite is no option."
            " | Write `database: data/name.db`, not below `options`."
        ),
    ),
    "size without a unit we know": (
        {"connectors/shop.yaml": SHOP["connectors/shop.yaml"] + "memory: 1 gig\n"},
        "connectors/shop.yaml:3:9 INVALID_VALUE This is not a size.",
    ),
    # penstock.yaml
    "unknown role of the anonymous": (
        {"penstock.yaml": "name: shop\nauthentication: {anonymous: {roles: [clark]}}\n"},
        "penstock.yaml:2:38 UNKNOWN_ROLE There is no role 'clark'. | Did you mean 'clerk'?",
    ),
    "unknown role of an issuer": (
        jwt("algorithms: [RS256]; jwks_url: https://id.example.com/keys; roles: [clark]"),
        "penstock.yaml:8:15 UNKNOWN_ROLE There is no role 'clark'. | Did you mean 'clerk'?",
    ),
    "issuer without keys": (
        jwt("algorithms: [RS256]"),
        "penstock.yaml:4:15 INVALID_VALUE An issuer has its keys in one place.",
    ),
    "issuer with keys over http": (
        jwt("algorithms: [RS256]; jwks_url: http://id.example.com/keys"),
        "penstock.yaml:7:17 INVALID_VALUE This is not an address that keys can be trusted from.",
    ),
    "issuer with an algorithm of another kind of key": (
        jwt("algorithms: [HS256]; jwks_url: https://id.example.com/keys"),
        "penstock.yaml:6:7 INVALID_VALUE The algorithm HS256 does not go with this kind of key.",
    ),
    "issuer with a secret in the file": (
        jwt("algorithms: [HS256]; secret: hunter2"),
        "penstock.yaml:7:15 SECRET_IN_FILE A secret does not stand in a file.",
    ),
    "issuer whose key file is missing": (
        jwt("algorithms: [RS256]; public_key_file: keys/id.pem"),
        "penstock.yaml:7:24 FILE_NOT_FOUND There is no such file.",
    ),
    "issuer twice": (
        jwt(
            "algorithms: [RS256]; jwks_url: https://id.example.com/keys\n    - issuer:"
            " https://id.example.com; audience: other; algorithms: [RS256]; jwks_url:"
            " https://id.example.com/keys"
        ),
        "penstock.yaml:8:15 DUPLICATE_ISSUER This issuer is here twice.",
    ),
    "project without a name": (
        {"penstock.yaml": "title: Shop\n"},
        "penstock.yaml:1:1 MISSING_KEY The project has no name.",
    ),
    "default over the maximum": (
        {"penstock.yaml": "name: shop\nlimits: {max_rows: 10}\n"},
        "penstock.yaml:2:1 INVALID_VALUE 'default_rows' (5000) is more than 'max_rows' (10).",
    ),
    # the folder
    "model in SQL": (
        {"models/all.sql": "SELECT 1"},
        "models/all.sql:1:1 UNEXPECTED_FILE This is not a project file.",
    ),
    "one name twice": (
        {"queries/by-shop.yml": QUERY},
        "queries/by-shop.yml:1:1 DUPLICATE_FILE queries/by-shop.yaml has this name already.",
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_one_issue_with_its_place(
    tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    found = issues(write(tmp_path, files))

    assert len(found) == 1, found
    assert found[0].startswith(expected)


def test_a_table_that_cannot_be_read_is_not_missed_everywhere_else(tmp_path: Path) -> None:
    found = issues(write(tmp_path, {"models/orders.yaml": "tables:\n\torders: {}\n"}))

    assert found == [
        (
            "models/orders.yaml:2:1 YAML_SYNTAX A tab indents this line. | YAML is indented"
            " with spaces."
        )
    ]


def test_an_attribute_that_cannot_be_read_is_not_missed_everywhere_else(tmp_path: Path) -> None:
    broken = model("amount: {type: float}", "amount: {type: flaot}")

    assert issues(write(tmp_path, broken)) == [
        "models/orders.yaml:7:22 INVALID_VALUE 'type' cannot be 'flaot'. | Did you mean 'float'?"
    ]


def test_two_formulas_that_need_each_other_are_one_cycle(tmp_path: Path) -> None:
    cycle = "      a: {formula: b + 1, type: integer}\n      b: {formula: a, type: integer}\n"
    found = issues(write(tmp_path, model("    relationships:", f"{cycle}    relationships:")))

    assert len(found) == 1
    assert "FORMULA_CYCLE The formula comes back to itself: a → b → a." in found[0]


def test_a_formula_aggregates_by_what_it_uses(tmp_path: Path) -> None:
    more = "      double: {formula: mean * 2, type: float}\n"
    project = load(write(tmp_path, model("    relationships:", f"{more}    relationships:")))

    assert project.model.tables["orders"].attributes["double"].aggregates


def test_a_file_may_be_a_link_only_inside_the_project(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("code,city\n")
    folder = write(tmp_path / "shop", {"data/shops.csv": None})
    (folder / "data/shops.csv").symlink_to(outside)

    assert issues(folder)[0].startswith("connectors/shop.yaml:2:41 FILE_OUTSIDE")


def test_what_is_no_text_is_an_issue_not_a_crash(tmp_path: Path) -> None:
    folder = write(tmp_path, {"queries/by-shop.yaml": b"\xff\xfe\x00"})

    assert issues(folder)[0].startswith("queries/by-shop.yaml:1:1 UNREADABLE_FILE")


SECRET = "a secret that is long enough to sign with"


def test_a_secret_comes_from_the_environment_and_is_never_printed(tmp_path: Path) -> None:
    files = jwt("algorithms: [HS256]; secret: ${JWT_SECRET}") | {
        "connectors/shop.yaml": SHOP["connectors/shop.yaml"]
        + "options: {password: '${PASSWORD}'}\n"
    }
    project = load(write(tmp_path, files), {"JWT_SECRET": SECRET, "PASSWORD": "hunter2"})

    assert project.connectors["shop"].settings.options["password"] == Secret("hunter2")
    assert "hunter2" not in repr(project)
    assert SECRET not in repr(project)


def test_a_short_secret_is_refused_without_being_shown(tmp_path: Path) -> None:
    folder = write(tmp_path, jwt("algorithms: [HS256]; secret: ${JWT_SECRET}"))
    found = issues(folder, {"JWT_SECRET": "short1234"})

    assert found[0].startswith("penstock.yaml:7:15 INVALID_VALUE The shared secret is too short")
    assert "short1234" not in found[0]


def test_a_wrong_value_from_the_environment_is_not_shown(tmp_path: Path) -> None:
    connector = SHOP["connectors/shop.yaml"] + "memory: ${MEMORY}\nthreads: ${THREADS}\n"
    found = issues(
        write(tmp_path, {"connectors/shop.yaml": connector}),
        {"MEMORY": "hunter2", "THREADS": "hunter3"},
    )

    assert [line.split(" ")[1] for line in found] == ["INVALID_VALUE", "INVALID_VALUE"]
    assert "hunter" not in "".join(found)


def test_settings_may_come_from_the_environment(tmp_path: Path) -> None:
    connector = SHOP["connectors/shop.yaml"] + "memory: ${MEMORY}\nthreads: ${THREADS}\n"
    project = load(
        write(tmp_path, {"connectors/shop.yaml": connector}), {"MEMORY": "2GB", "THREADS": "4"}
    )

    assert project.connectors["shop"].settings.memory == 2 << 30
    assert project.connectors["shop"].settings.threads == 4
