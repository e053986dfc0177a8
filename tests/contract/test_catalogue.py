"""What the database says of itself, and what happens when it does not answer."""

from __future__ import annotations

import pytest

from contract.asking import ask, select, wait_until
from contract.data import EMPTY, HOSTILE, OWNERS, PETS, SAMPLES, THINGS
from contract.types import Contender, Sample, Server
from penstock.engine.load import open_engine
from penstock.engine.types import Engine, FoundRelation
from penstock.errors import ConfigurationError, EngineError, PenstockError, UnavailableError


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_columns_are_found_with_their_types(engine: Engine, sample: Sample) -> None:
    found = engine.columns((sample.name,))

    assert found is not None
    assert {column.name: column.type for column in found} == sample.columns
    assert [column.name for column in found] == list(sample.columns)
    assert all(column.native for column in found)


def test_a_relation_that_is_not_there_has_no_columns(engine: Engine) -> None:
    assert engine.columns(("nowhere",)) is None
    assert engine.columns(("things'; --",)) is None
    with pytest.raises(EngineError):
        engine.count(("nowhere",))


@pytest.mark.parametrize("sample", [THINGS, HOSTILE, EMPTY], ids=lambda sample: sample.name)
def test_rows_are_counted_exactly(engine: Engine, sample: Sample) -> None:
    assert engine.count((sample.name,)) == len(sample.rows)


def relation(engine: Engine, sample: Sample) -> FoundRelation:
    return next(r for r in engine.relations() if r.source[-1] == sample.name)


def test_relations_are_ours_and_have_their_columns(engine: Engine) -> None:
    found = {r.source[-1]: [c.name for c in r.columns] for r in engine.relations()}

    for sample in SAMPLES:
        assert found[sample.name] == list(sample.columns)
    ours = {sample.name for sample in SAMPLES}
    assert {name for name in found if not name.startswith("native_")} == ours


def test_a_relation_answers_by_the_source_that_was_found(engine: Engine) -> None:
    assert [engine.count(relation(engine, sample).source) for sample in SAMPLES] == [
        len(sample.rows) for sample in SAMPLES
    ]


def test_primary_keys_are_found(engine: Engine) -> None:
    assert relation(engine, OWNERS).primary_key == ("country", "number")
    assert relation(engine, PETS).primary_key == ("pet",)
    assert relation(engine, THINGS).primary_key == ()


def test_foreign_keys_are_found(engine: Engine) -> None:
    (key,) = relation(engine, PETS).foreign_keys

    assert key.columns == ("owner_country", "owner_number")
    assert key.source == relation(engine, OWNERS).source
    assert key.other_columns == ("country", "number")


def test_an_unknown_option_is_refused_with_a_way_forward(
    contender: Contender, server: Server
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_engine(contender.name, server.settings(colour="blue"))

    assert "'colour'" in caught.value.detail
    assert caught.value.hint


def test_a_version_is_none_or_stays_while_nothing_changes(engine: Engine) -> None:
    assert engine.version(now=True) == engine.version(now=True)


def test_a_database_that_answers_is_pinged(engine: Engine) -> None:
    engine.ping()


def test_a_database_that_is_gone_is_unavailable_until_it_is_back(
    contender: Contender, server: Server
) -> None:
    """The engine notices by itself, and its old connections do no harm."""
    engine = open_engine(contender.name, server.settings())
    expected = [(row[0],) for row in THINGS.rows]

    def answers() -> bool:
        try:
            return ask(engine, THINGS, select("id")) == expected
        except UnavailableError:
            return False

    try:
        assert answers()
        server.stop()
        try:
            with pytest.raises(UnavailableError):
                engine.ping()
            # A file that was open before may be read for a moment longer.
            assert wait_until(lambda: not answers())
            with pytest.raises(PenstockError):
                open_engine(contender.name, server.settings()).ping()
        finally:
            server.start()
        assert wait_until(answers)
        engine.ping()
    finally:
        engine.close()


def test_a_database_that_was_away_for_a_moment_is_not_missed(
    contender: Contender, server: Server
) -> None:
    engine = open_engine(contender.name, server.settings())
    try:
        before = ask(engine, THINGS, select("id"))
        server.stop()
        server.start()

        assert ask(engine, THINGS, select("id")) == before
    finally:
        engine.close()
