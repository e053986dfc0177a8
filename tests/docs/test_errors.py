from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import penstock
from docs.pages import ERRORS, ROOT
from penstock.errors import Kind, PenstockError, SeveralErrors
from penstock.problems import STATUS

ROW = re.compile(r"^\| `([A-Z_]+)` \| (\d{3}|–) \| (.+) \| (.+) \|$", re.MULTILINE)
DOCUMENTED = {code: status for code, status, _, _ in ROW.findall(ERRORS.read_text())}
ISSUE = re.compile(r"[A-Z]+(_[A-Z]+)+")


def kinds(error: type[PenstockError]) -> Iterator[type[PenstockError]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds(kind)


def raised() -> dict[str, Kind]:
    """Return the code of every error of the package, with its kind."""
    for module in pkgutil.walk_packages(penstock.__path__, "penstock.", onerror=_expect_missing):
        if not module.name.endswith(("__main__", "migrations.env")):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                _expect_missing(error.name or "")
    ours = (kind for kind in kinds(PenstockError) if kind.__module__.startswith("penstock."))
    return {kind.code: kind.kind for kind in ours if kind is not SeveralErrors}


def _expect_missing(name: str) -> None:
    """Raise unless it is a driver that `make test` does not install: it declares no error."""
    assert name.split(".", maxsplit=1)[0] in {"grpc", "pyspark"} or name.startswith(
        ("penstock.engine.spark", "penstock.engine.databricks")
    )


def issues() -> set[str]:
    """Return the code of every issue that the checks of a project write."""
    return {
        node.value
        for path in (ROOT / "src/penstock/project").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and ISSUE.fullmatch(node.value)
    }


def test_every_code_is_documented_and_no_other() -> None:
    assert {*DOCUMENTED} == {*raised()} | issues()


def test_every_code_is_documented_once() -> None:
    codes = [row[0] for row in ROW.findall(ERRORS.read_text())]

    assert len(codes) == len({*codes})


def test_the_documented_status_is_the_one_that_is_sent() -> None:
    sent = {
        code: "–" if kind is Kind.CONFIGURATION else str(STATUS[kind])
        for code, kind in raised().items()
        if code != "INVALID_FORMULA"  # an issue of the project, raised on the way to it
    }

    assert {code: DOCUMENTED[code] for code in sent} == sent
