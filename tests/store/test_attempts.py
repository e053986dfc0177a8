from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock.errors import ConflictError
from penstock.store import tokens
from penstock.store.attempts import AttemptRepository
from penstock.store.database import Database
from penstock.store.idempotency import IdempotencyRepository, IdempotentRequest, ReusedKeyError
from penstock.store.subjects import SubjectDraft, SubjectKind, create
from penstock.store.unit import LOCAL, looking, working
from penstock.store.vault import Vault

REQUEST = IdempotentRequest(caller="per_x", key="k", request="digest")


def test_attempts_cost_more_and_more_time(database: Database) -> None:
    attempts = AttemptRepository(database)
    now, waits = 0.0, []
    for _ in range(20):
        wait = attempts.begin({"a": 5, "x": 10}, now)
        while wait > 0:
            waits.append(wait)
            now += wait
            wait = attempts.begin({"a": 5, "x": 10}, now)

    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 900
    assert attempts.begin({"b": 5, "x": 10}, now) > 0
    assert attempts.begin({"b": 5, "y": 10}, now) == 0
    attempts.succeeded("a", "z")
    assert attempts.begin({"a": 5, "z": 10}, now) == 0


def test_who_succeeds_is_never_slowed_down_and_helps_nobody_else(database: Database) -> None:
    attempts = AttemptRepository(database)
    for _ in range(30):
        assert attempts.begin({"a": 5, "proxy": 10}, 1.0) == 0
        attempts.succeeded("a", "proxy")
    for i in range(10):
        assert attempts.begin({f"guess {i}": 5, "proxy": 10}, 1.0) == 0

    assert attempts.begin({"guess": 5, "proxy": 10}, 1.0) > 0
    assert attempts.begin({"guess": 5, "proxy": 10}, 2.0) == 0
    attempts.succeeded("a", "proxy")
    assert attempts.begin({"guess": 5, "proxy": 10}, 2.0) == 0
    assert attempts.begin({"guess": 5, "proxy": 10}, 2.0) > 0


def test_who_waits_waits_no_longer_because_the_clock_was_set_back(database: Database) -> None:
    attempts = AttemptRepository(database)
    now, day = 1_000_000.0, 86_400.0
    for _ in range(6):
        attempts.begin({"a": 5}, now)

    assert attempts.begin({"a": 5}, now - day) == 1
    assert attempts.begin({"a": 5}, now - day + 1) == 0


def test_attempts_at_once_all_count(database: Database) -> None:
    attempts = AttemptRepository(database)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: attempts.begin({"a": 5}, 1.0), range(20)))

    assert len([wait for wait in waits if wait == 0]) == 5


def answers(database: Database, place: str = "here", run: str = "1") -> IdempotencyRepository:
    return IdempotencyRepository(database, Vault((bytes(32),)), place, run)


def test_an_answer_is_kept_and_given_to_the_same_request_alone(database: Database) -> None:
    kept = answers(database)
    assert kept.begin(REQUEST, 1) is None
    with pytest.raises(ConflictError, match="under way"):
        kept.begin(REQUEST, 2)
    with database.writing() as session:
        kept.complete(session, REQUEST, b"answer")

    assert kept.begin(REQUEST, 3) == b"answer"
    other = IdempotentRequest(caller="per_x", key="k", request="other")
    with pytest.raises(ReusedKeyError):
        kept.begin(other, 3)
    assert kept.begin(IdempotentRequest(caller="per_y", key="k", request="digest"), 3) is None
    assert kept.begin(REQUEST, 100_000) is None


def test_a_request_whose_process_died_can_be_sent_again(database: Database) -> None:
    kept = answers(database)
    kept.begin(REQUEST, 1)

    assert kept.begin(REQUEST, 602) is None
    kept.cancel(REQUEST)
    assert kept.begin(REQUEST, 603) is None


def test_what_a_process_had_under_way_is_free_for_the_next_one_though_the_clock_is_behind(
    database: Database,
) -> None:
    answers(database, run="1").begin(REQUEST, 10_000)
    with pytest.raises(ConflictError, match="under way"):
        answers(database, place="elsewhere", run="2").begin(REQUEST, 5)

    assert answers(database, run="2").begin(REQUEST, 5) is None
    with pytest.raises(ConflictError, match="under way"):
        answers(database, run="2").begin(REQUEST, 5)


def test_who_was_taken_over_ends_nothing_of_whoever_took_over(database: Database) -> None:
    slow, other = answers(database), answers(database, place="elsewhere")
    slow.begin(REQUEST, 1)
    other.begin(REQUEST, 602)

    slow.cancel(REQUEST)
    with pytest.raises(ConflictError, match="begun it anew"), database.writing() as session:
        slow.complete(session, REQUEST, b"too late")
    with pytest.raises(ConflictError, match="under way"):
        answers(database, place="third").begin(REQUEST, 603)
    with database.writing() as session:
        other.complete(session, REQUEST, b"answer")

    assert slow.begin(REQUEST, 604) == b"answer"


def test_an_answer_of_a_process_that_is_gone_is_given_again(database: Database) -> None:
    answers(database, run="1").begin(REQUEST, 1)
    with database.writing() as session:
        answers(database, run="1").complete(session, REQUEST, b"answer")

    assert answers(database, run="2").begin(REQUEST, 2) == b"answer"


def test_a_token_proves_its_subject_until_it_ends(database: Database) -> None:
    with working(database, LOCAL, 1) as work:
        person = create(work, SubjectDraft(kind=SubjectKind.PERSON, name="ann"))
        record, secret = tokens.create(work, person, "test", expires=10)
    presented = tokens.parse(secret.reveal())
    assert presented is not None

    with looking(database) as look:
        proved = tokens.prove(look, presented, 9)
        assert proved is not None
        assert (proved.subject, proved.token) == (person, record)
        assert tokens.prove(look, presented, 10) is None
        wrong = tokens.Presented(presented.id, bytes(32))
        assert tokens.prove(look, wrong, 1) is None
        assert tokens.prove(look, tokens.Presented("tok_x", presented.hash), 1) is None


def test_a_typing_error_in_a_token_is_found_without_a_database() -> None:
    secret, _ = tokens.mint("a" * 16, bytes(32))
    text = secret.reveal()

    assert tokens.parse(text) is not None
    for i in range(3, len(text)):
        changed = text[:i] + ("b" if text[i] != "b" else "c") + text[i + 1 :]
        assert tokens.parse(changed) is None
