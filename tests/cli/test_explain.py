from __future__ import annotations

import json

from cli.conftest import Shell
from project.folders import ROOT

JOINED = (
    '{"data": {"fields": {"flight": ["count"], "wind_speed": ["avg"]}},'
    ' "scale": {"fields": ["manufacturer"]}, "total": {"all": []}}'
)


def test_every_table_is_told_of_with_why_or_why_not(shell: Shell) -> None:
    told = json.loads(shell("explain", ROOT, JOINED, "--format", "json").out)

    verdicts = {candidate["table"]: candidate["verdict"] for candidate in told["candidates"]}
    assert verdicts["flights"].startswith("chosen")
    assert verdicts["weather"] == "has no flight, manufacturer"
    assert {*verdicts} == {"airlines", "airports", "flights", "planes", "weather"}


def test_a_join_is_told_with_its_path_and_its_keys(shell: Shell) -> None:
    told = json.loads(shell("explain", ROOT, JOINED, "--format", "json").out)

    joins = [step["what"] for step in told["plan"] if step["step"] == "join"]
    assert joins[0] == "planes as plane on flights.tailnum = plane.tailnum"
    assert joins[1].startswith("weather as weather on flights.origin = weather.origin and")


def test_it_is_told_which_rows_of_a_balance_count(shell: Shell) -> None:
    question = '{"data": {"fields": {"barometer": ["avg", "max"], "temp": ["avg"]}}}'
    told = json.loads(shell("explain", ROOT, question, "--format", "json").out)

    (said,) = [step["what"] for step in told["plan"] if step["step"] == "semi-additive"]
    assert said.startswith("barometer_avg, barometer_max: only rows at the last CAST(CONCAT(")
    assert said.endswith(" of a group, per weather.origin")


def test_what_is_asked_besides_has_its_own_sql(shell: Shell) -> None:
    told = json.loads(shell("explain", ROOT, JOINED, "--format", "json").out)

    assert [further["name"] for further in told["further"]] == [
        "rows and totals in one: all",
        "total all",
    ]
    assert "GROUPING SETS" in told["further"][0]["sql"]
    assert "GROUP BY" not in told["further"][1]["sql"]


def test_a_saved_query_is_explained_by_name_and_for_a_role(shell: Shell) -> None:
    done = shell(
        *("explain", ROOT, "--saved", "delays/by-origin", "--param", "month=2"),
        *("--as", "station_agent/stations=JFK"),
    )

    assert done.code == 0
    assert "flights: only the rows that the role station_agent may see" in done.text
    assert "$1 = 'JFK'\n$2 = 2\n" in done.text


def test_it_says_the_same_as_query_explain(shell: Shell) -> None:
    explained = shell("explain", ROOT, JOINED)

    assert explained.out == shell("query", ROOT, JOINED, "--explain").out


NOBODY = '{"data": {"fields": {"seats": ["max"], "wind_speed": ["avg"], "tzone": ["count"]}}}'


def test_where_no_table_answers_it_says_of_each_why(shell: Shell) -> None:
    done = shell("explain", ROOT, NOBODY)
    told = json.loads(shell("explain", ROOT, NOBODY, "--format", "json").out)

    assert done.code == 1
    assert "has no wind_speed, tzone" in done.text
    verdicts = {candidate["table"]: candidate["verdict"] for candidate in told["candidates"]}
    assert verdicts["flights"] == "reaches tzone in several ways"
    assert [problem["code"] for problem in told["problems"]] != []


def test_other_mistakes_are_told_as_ever(shell: Shell) -> None:
    done = shell("explain", ROOT, '{"data": {"fields": {"distance": ["summ"]}}}')

    assert (done.code, done.text) == (1, "")
    assert "[UNKNOWN_COMPUTE]" in done.err


def test_what_is_wrong_with_the_form_is_told_with_the_names_that_nobody_has(shell: Shell) -> None:
    wrong = json.dumps({"data": {"fields": {"distance": ["smu"], "nothing_such": ["sum"]}}})
    told = shell("explain", ROOT, wrong)

    assert told.code != 0
    assert "UNKNOWN_COMPUTE" in told.err
    assert "nothing_such" in told.err
