from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.conftest import Shell
from project.folders import ROOT, write
from support.workbook import read_rows

QUERY = '{"data": {"fields": {"distance": ["sum"]}}, "scale": {"fields": ["origin"]}}'
SUMS = [("EWR", 127691515), ("JFK", 140906931), ("LGA", 81619161)]


def read(format_: str, out: bytes) -> list[tuple[object, int]]:
    match format_:
        case "json":
            rows = json.loads(out)["rows"]
        case "ndjson":
            rows = [json.loads(line) for line in out.splitlines()]
        case "csv":
            rows = list(csv.DictReader(io.StringIO(out.decode())))
        case "xlsx":
            rows = read_rows(out)
        case "arrow":
            rows = pa.ipc.open_stream(out).read_all().to_pylist()
        case _:
            rows = pq.read_table(pa.BufferReader(out)).to_pylist()
    return [(row["origin"], int(row["distance_sum"])) for row in rows]


@pytest.mark.parametrize("format_", ["json", "ndjson", "csv", "xlsx", "arrow", "parquet"])
def test_every_format_can_be_had_without_a_server(shell: Shell, format_: str) -> None:
    done = shell("query", ROOT, QUERY, "--format", format_, "--shape", "rows")

    assert (done.code, done.err) == (0, "")
    assert read(format_, done.out) == SUMS


def test_a_table_is_for_people(shell: Shell) -> None:
    done = shell("query", ROOT, QUERY, "--format", "table")

    assert done.code == 0
    assert "│ EWR    │ Newark Liberty Intl │  127,691,515 │" in done.text
    assert "3 rows" in done.text


def test_a_narrow_terminal_gets_a_line_for_each_value_and_none_is_cut(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    told = shell("query", ROOT, QUERY, "--format", "table").text.splitlines()

    assert told[:4] == [
        "── 1 ",
        "origin        EWR",
        "origin_label  Newark Liberty Intl",
        "distance_sum  127,691,515",
    ]


@pytest.mark.parametrize(
    ("asked_as", "said", "hint"),
    [
        ("station_agen", "There is no role 'station_agen'", "Did you mean 'station_agent'?"),
        ("boss", "There is no role 'boss'", "There are analyst, public, station_agent."),
        ("station_agent", "The attribute 'stations' decides", "station_agent/stations=VALUE"),
    ],
)
def test_who_asks_as_somebody_is_told_of_roles_and_not_of_credentials(
    shell: Shell, asked_as: str, said: str, hint: str
) -> None:
    told = shell("query", ROOT, QUERY, "--as", asked_as).err

    assert said in told
    assert hint in told
    assert "credential" not in told


def test_what_is_not_a_terminal_gets_json(shell: Shell) -> None:
    done = shell("query", ROOT, QUERY)

    assert json.loads(done.out)["table_name"] == "flights"


@pytest.mark.parametrize("shape", ["nested", "rows", "columns", "compact"])
def test_json_has_the_shape_that_is_wanted(shell: Shell, shape: str) -> None:
    answer = json.loads(shell("query", ROOT, QUERY, "--shape", shape).out)

    holder = {"nested": "results", "columns": "values"}.get(shape, "rows")
    assert len(answer[holder]) == 3


def test_a_query_comes_from_a_file_or_a_pipe_too(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "query.json"
    file.write_text(QUERY)
    wanted = shell("query", ROOT, QUERY, "--format", "csv").out

    assert shell("query", ROOT, f"@{file}", "--format", "csv").out == wanted
    assert shell("query", ROOT, "-", "--format", "csv", given=QUERY.encode()).out == wanted


def test_explain_shows_the_table_the_plan_the_sql_and_the_values(shell: Shell) -> None:
    asked = QUERY.replace("{", '{"filter": {"month": [1, 2]}, ', 1)
    told = shell("query", ROOT, asked, "--explain").text

    for part in (
        "chosen: fewest rows of those that can answer",
        "has no distance",
        "group",
        'SUM("flights"."distance")',
        '"month" IN ($1, $2)',
        "$1 = 1",
        "$3 = 5000",
    ):
        assert part in told


def test_explain_is_for_programs_too_and_runs_nothing(shell: Shell) -> None:
    told = json.loads(shell("query", ROOT, QUERY, "--explain", "--format", "json").out)

    keys = ("database", "table", "candidates", "plan", "sql", "values", "further", "warning")
    assert tuple(told) == (*keys, "parts")
    assert (told["database"], told["table"], told["values"]) == ("demo", "flights", ["5000"])
    assert {c["table"] for c in told["candidates"]} > {"flights", "weather"}


@pytest.mark.parametrize(
    ("role", "origins"),
    [
        ("analyst", ["EWR", "JFK", "LGA"]),
        ("station_agent/stations=JFK", ["JFK"]),
        ("station_agent/stations=JFK,LGA", ["JFK", "LGA"]),
        ("station_agent,analyst/stations=JFK", ["EWR", "JFK", "LGA"]),
    ],
)
def test_a_question_as_somebody_else_is_answered_with_their_rows(
    shell: Shell, role: str, origins: list[str]
) -> None:
    done = shell("query", ROOT, QUERY, "--as", role, "--format", "csv")

    assert [origin for origin, _ in read("csv", done.out)] == origins


def test_explain_as_somebody_shows_their_guard(shell: Shell) -> None:
    told = shell("query", ROOT, QUERY, "--explain", "--as", "station_agent/stations=JFK").text

    assert "flights: only the rows that the role station_agent may see" in told
    assert "= 'JFK'" in told


def test_what_a_role_may_not_see_does_not_exist_for_it(shell: Shell) -> None:
    asked = '{"data": {"fields": {"tailnum": ["count"]}}}'

    assert shell("query", ROOT, asked).code == 0
    assert "[NO_TABLE_FOUND]" in shell("query", ROOT, asked, "--as", "public").err


def test_a_saved_query_takes_parameters(shell: Shell) -> None:
    asked = ("query", ROOT, "--saved", "delays/by-origin", "--format", "csv")
    february = shell(*asked, "--param", "month=2").text

    assert february.splitlines()[1].startswith("EWR,Newark Liberty Intl,9107,")
    assert shell(*asked).text != february
    united = shell(*asked, "--param", "month=2", "--param", "carrier=UA").text
    assert united.splitlines()[1].startswith("EWR,Newark Liberty Intl,3433,")


def test_a_parameter_given_twice_is_a_list(shell: Shell) -> None:
    routes = ("query", ROOT, "--saved", "traffic/routes", "--format", "csv")
    done = shell(*routes, "--param", "origins=JFK", "--param", "origins=LGA")

    assert {line[:3] for line in done.text.splitlines()[1:]} == {"JFK", "LGA"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "error: Give either a query or --saved NAME."),
        ([QUERY, "--saved", "x"], "error: Give either a query or --saved NAME."),
        (["{"], "[INVALID_JSON]"),
        (["distance"], "[INVALID_JSON]"),
        (["@nowhere.json"], "error: nowhere.json cannot be read: No such file or directory."),
        (['{"data": {"fields": {"distnce": ["sum"]}}}'], "(/data/fields/distnce) [NO_TABLE_FOUND]"),
        (["--saved", "delays/by-orign"], "hint: Did you mean 'delays/by-origin'?"),
        (["--saved", "delays/by-origin", "--param", "month"], "'month' is not NAME=VALUE"),
        (["--saved", "delays/by-origin", "--param", "month=13"], "[INVALID_PARAMETER]"),
        (["--saved", "delays/by-origin", "--param", "x=1"], "[UNKNOWN_PARAMETER]"),
        ([QUERY, "--as", "station_agent"], "[MISSING_ATTRIBUTE]"),
        ([QUERY, "--as", "nobody"], "[FORBIDDEN]"),
        ([QUERY, "--as", ","], "[FORBIDDEN]"),
        ([QUERY, "--as", "station_agent/JFK"], "'JFK', which is not NAME=VALUE"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_what_is_wrong_is_said_on_standard_error_with_a_hint(
    shell: Shell, arguments: list[str], said: str
) -> None:
    done = shell("query", ROOT, *arguments)

    assert (done.code, done.out) == (1, b"")
    assert done.err.startswith("error: ")
    assert said in done.err
    assert "hint: " in done.err or "INVALID_JSON" in said
    assert "Traceback" not in done.err


def test_a_folder_that_is_none_or_is_broken_is_told_issue_by_issue(
    shell: Shell, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    assert f"There is no folder {nowhere}. [NO_PROJECT]" in shell("query", nowhere, QUERY).err
    broken = write(tmp_path, {"penstock.yaml": "name: shop\nlimit: 1\ntitel: x\n"})
    done = shell("query", broken, QUERY)
    assert done.code == 1
    assert done.err.count("error: penstock.yaml:") == 2


def test_a_cut_answer_is_told_beside_it_where_the_format_cannot(shell: Shell) -> None:
    listing = '{"data": {"fields": {"distance": ["select"]}}}'

    for format_ in ("csv", "table"):
        done = shell("query", ROOT, listing, "--format", format_)
        assert done.err.startswith("warning: The answer stops at the default limit of 5000 rows")
    assert shell("query", ROOT, listing, "--format", "json").err == ""


def test_text_that_looks_like_markup_is_shown_as_it_is(shell: Shell, tmp_path: Path) -> None:
    orders = 'id,shop,amount,day\n1,"[bold]x[/]",2.5,2024-01-01\n'
    folder = write(tmp_path, {"data/orders.csv": orders, "policies/roles.yaml": None})
    asked = '{"data": {"fields": {"shop": ["select"]}}}'

    assert "[bold]x[/]" in shell("query", folder, asked, "--format", "table").text


def test_a_file_is_written_in_the_format_of_its_name(shell: Shell, tmp_path: Path) -> None:
    done = shell("query", ROOT, QUERY, "-o", tmp_path / "sums.xlsx")

    assert (done.code, done.out, done.err) == (0, b"", "")
    assert read("xlsx", (tmp_path / "sums.xlsx").read_bytes()) == SUMS
    assert [path.name for path in tmp_path.glob("*sums*")] == ["sums.xlsx"]


def test_a_format_that_is_said_goes_before_the_files_name(shell: Shell, tmp_path: Path) -> None:
    shell("query", ROOT, QUERY, "--format", "csv", "--output", tmp_path / "sums.txt")

    assert read("csv", (tmp_path / "sums.txt").read_bytes()) == SUMS


def test_a_question_that_fails_leaves_the_file_as_it_was(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "sums.csv"
    file.write_text("before")
    cut = '{"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date", "dest"]}'

    done = shell("query", ROOT, cut + ', "options": {"scales": {"x": ["dest"]}}}', "-o", file)

    assert "[LIMIT_EXCEEDED]" in done.err
    assert (file.read_text(), [*tmp_path.glob(".sums*")]) == ("before", [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "answer.xls"], "does not say which format"),
        (["-o", "nowhere/answer.csv"], "cannot be written"),
        (["-o", "answer.csv", "--format", "table"], "for a terminal"),
    ],
)
def test_a_file_that_cannot_be_is_refused(shell: Shell, arguments: list[str], said: str) -> None:
    done = shell("query", ROOT, QUERY, *arguments)

    assert done.code != 0
    assert said in done.err
    assert "hint:" in done.err


def test_a_question_alone_is_one_of_this_folder(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "query.json").write_text(QUERY)
    far = '{"data": {"fields": {"distance": ["sum"]}}, "filter": {"carrier": "http://x"}}'
    asked = [(QUERY,), (f"@{tmp_path}/query.json",), (".", QUERY), ("--saved", "delays/by-origin")]

    found = [shell("query", *words, "--format", "csv") for words in asked]

    assert [done.code for done in found] == [0] * 4, [done.err for done in found]
    assert found[0].out == found[1].out == found[2].out
    assert "http://x" in shell("query", "--explain", far).text
    assert shell("explain", QUERY).code == 0


def test_without_a_question_the_folder_is_not_taken_for_one(shell: Shell) -> None:
    assert "Give either a query or --saved NAME. [CONFIGURATION]" in shell("query", ROOT).err


def test_a_question_that_no_folder_can_be_called_is_one(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    question = '{"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": ["HA"]}}'

    done = shell("query", question.replace(" ", " " * 50), "--format", "csv")

    assert done.text == "flight_count\n342\n"


def test_a_folder_of_no_possible_name_is_none(shell: Shell) -> None:
    done = shell("query", "x" * 300, "{}")

    assert "There is no folder xxx" in done.err
