from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.project.compose import compose
from penstock.project.document import Plain
from penstock.project.report import Report
from penstock.secret import Secret


def read(text: str, environ: dict[str, str] | None = None) -> tuple[Plain, list[str]]:
    report = Report()
    document = compose("a.yaml", text, report, environ)
    found = [f"{i.line}:{i.column} {i.code} {i.message}" for i in report.issues]
    return (document.root.plain() if document else None), found


def test_words_mean_what_they_say() -> None:
    """Of YAML 1.1, where a country is false, a key is true and a time is a number."""
    text = "{a: NO, on: yes, c: 12:30, d: 010, e: 2013-01-01, f: 1_000, g: null, h: true, i: 1.5}"

    assert read(text) == (
        {
            "a": "NO",
            "on": "yes",
            "c": "12:30",
            "d": 10,
            "e": "2013-01-01",
            "f": "1_000",
            "g": None,
            "h": True,
            "i": 1.5,
        },
        [],
    )


def test_what_is_in_quotes_is_text() -> None:
    assert read("{a: '1', b: \"true\", c: ''}") == ({"a": "1", "b": "true", "c": ""}, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: 1\na: 2", "2:1 DUPLICATE_KEY", id="twice"),
        pytest.param("a:\n\tb: 1", "2:1 YAML_SYNTAX A tab indents this line.", id="tab"),
        pytest.param("a: b: c", "1:5 YAML_SYNTAX This is not YAML", id="colon"),
        pytest.param("a: [1", "YAML_SYNTAX This is not YAML", id="open"),
        pytest.param("a: 1\n---\nb: 2", "2:1 YAML_SYNTAX A project file holds one", id="two"),
        pytest.param("a: !!python/object:os.system x", "1:4 YAML_TAG Tags are not", id="python"),
        pytest.param("a: !secret x", "1:4 YAML_TAG Tags are not used", id="tag"),
        pytest.param("a: &x [*x]", "1:8 YAML_SYNTAX There is no anchor 'x'", id="recursion"),
        pytest.param("a: *x", "1:4 YAML_SYNTAX", id="alias"),
        pytest.param("{a: 1}: 2", "1:1 YAML_SYNTAX A key is a name.", id="key"),
        pytest.param("a: \x07", "1:4 YAML_SYNTAX", id="control"),
        pytest.param("[" * 100_000, "YAML_SYNTAX This nests deeper than 64 levels", id="deep"),
        pytest.param("a: ${X}", "1:4 MISSING_VARIABLE The environment has no", id="missing"),
        pytest.param("a: '${A b}'", "1:4 INVALID_VARIABLE '${A b}' does not name", id="name"),
    ],
)
def test_what_cannot_be_read_is_an_issue_with_its_place(text: str, expected: str) -> None:
    _, found = read(text, {})

    assert len(found) == 1
    assert expected in found[0]


def test_a_bomb_of_aliases_is_stopped_before_it_is_built() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]

    _, found = read("\n".join(lines))

    assert "stands for more than" in found[0]


def test_an_alias_repeats_what_it_names() -> None:
    assert read("a: &x {b: 1}\nc: *x") == ({"a": {"b": 1}, "c": {"b": 1}}, [])


def test_a_variable_makes_its_whole_value_a_secret() -> None:
    text = "{a: '${X}', b: 'x${X}y', c: '$${X}'}"

    assert read(text, {"X": "1"}) == (
        {"a": Secret("1"), "b": Secret("x1y"), "c": "${X}"},
        [],
    )


def test_a_value_of_the_environment_is_not_read_again() -> None:
    assert read("a: ${X}", {"X": "${Y}", "Y": "no"}) == ({"a": Secret("${Y}")}, [])


def test_variables_are_for_some_files_only() -> None:
    _, found = read("a: ${X}", None)

    assert "1:4 VARIABLE_NOT_ALLOWED" in found[0]


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,?$ \n\t", max_size=40))
def test_no_text_whatever_crashes_the_reader(text: str) -> None:
    read(text, {})
