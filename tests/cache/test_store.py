from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from penstock.cache.key import answer_key
from penstock.cache.store import Entry, ResultCache


def entry(body: bytes = b"x", *, expires: float = 60) -> Entry:
    return Entry(
        bodies={"identity": body},
        media_type=b"application/json",
        etags=(b"1",),
        expires=expires,
        rows=1,
        table="flights",
    )


def cache(memory: int = 1 << 20, max_entry: int = 1 << 16) -> ResultCache:
    return ResultCache(memory=memory, max_entry=max_entry)


def test_an_entry_is_found_until_it_expires() -> None:
    kept = cache()
    assert kept.put(b"k", entry(expires=60))

    assert kept.get(b"k", 59.9) is not None
    assert kept.get(b"k", 60) is None
    assert kept.get(b"k", 0) is None, "expired once, gone for good"
    assert (kept.statistics.hits, kept.statistics.misses, kept.size, len(kept)) == (1, 2, 0, 0)


def test_the_least_recently_used_goes_first() -> None:
    kept = cache(memory=3 * (1 + entry().size))
    for key in (b"0", b"1", b"2"):
        kept.put(key, entry())
    kept.get(b"0", 1)
    kept.put(b"3", entry())

    assert [key for key in (b"0", b"1", b"2", b"3") if kept.get(key, 1)] == [b"0", b"2", b"3"]
    assert kept.statistics.evictions == 1


def test_what_is_larger_than_an_entry_may_be_is_not_kept() -> None:
    kept = cache(max_entry=100)

    assert kept.put(b"k", entry(b"x" * 100))
    assert not kept.put(b"l", entry(b"x" * 101))
    assert not cache(memory=0).put(b"k", entry(b""))


def test_an_answer_put_again_takes_the_place_of_the_old_one() -> None:
    kept = cache()
    kept.put(b"k", entry(b"x" * 1000))
    kept.put(b"k", entry(b"y"))

    assert len(kept) == 1
    assert kept.size == 1 + entry().size


def test_what_was_computed_before_a_flush_is_not_kept_after_it() -> None:
    kept = cache()
    kept.put(b"old", entry())
    generation = kept.generation

    assert kept.flush() == 1
    assert kept.get(b"old", 1) is None
    assert not kept.put(b"k", entry(), generation=generation)
    assert kept.put(b"k", entry(), generation=kept.generation)


def test_a_coding_is_kept_and_counted_with_its_answer() -> None:
    kept, plain = cache(), entry(b"x" * 1000)
    kept.put(b"k", plain)
    before = kept.size
    kept.add_body(b"k", plain, "gzip", b"y" * 100)

    found = kept.get(b"k", 1)
    assert found is not None
    assert found.bodies["gzip"] == b"y" * 100
    assert kept.size == before + 100


def test_a_coding_of_an_answer_replaced_meanwhile_is_not_counted() -> None:
    kept, old, new = cache(), entry(b"old"), entry(b"new")
    kept.put(b"k", old)
    kept.put(b"k", new)
    before = kept.size
    kept.add_body(b"k", old, "gzip", b"y")

    assert kept.size == before
    assert kept.get(b"k", 1) is new


def test_a_coding_larger_than_the_memory_drives_nothing_out() -> None:
    kept, plain = cache(memory=5_000), entry()
    kept.put(b"other", entry())
    kept.put(b"k", plain)
    kept.add_body(b"k", plain, "gzip", b"y" * 5_000)

    assert len(kept) == 2


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "get", "coding", "flush"]),
        st.integers(0, 9),
        st.integers(0, 3_000),
    )
)


@given(STEPS)
def test_it_never_holds_more_than_its_memory_whatever_happens(
    steps: list[tuple[str, int, int]],
) -> None:
    kept = cache(memory=10_000, max_entry=2_000)
    alive: dict[bytes, Entry] = {}
    for now, (step, number, size) in enumerate(steps):
        key = bytes([number])
        if step == "put":
            alive[key] = entry(b"x" * size, expires=now + number)
            kept.put(key, alive[key])
        elif step == "coding" and key in alive:
            kept.add_body(key, alive[key], f"c{size % 3}", b"y" * size)
        elif step == "flush":
            kept.flush()
        found = [(k, e) for k in alive if (e := kept.get(k, 0)) is not None]
        assert kept.size == sum(len(k) + e.size for k, e in found) <= 10_000
        assert len(kept) == len(found)
        kept.get(key, now)


@given(st.lists(st.tuples(st.text(max_size=2), st.booleans()), min_size=1))
def test_no_caller_is_ever_given_what_another_view_was_answered(
    asks: list[tuple[str, bool]],
) -> None:
    kept = cache()
    for fingerprint, writes in asks:
        key = answer_key(query=b"q", version="v", fingerprint=fingerprint, wanted="json")
        if writes:
            kept.put(key, entry(fingerprint.encode()))
        found = kept.get(key, 1)
        assert found is None or found.bodies["identity"] == fingerprint.encode()


def test_many_threads_leave_the_books_in_order() -> None:
    kept = cache(memory=50_000)

    def work(number: int) -> None:
        for step in range(300):
            key = bytes([(number * step) % 97])
            if (found := kept.get(key, step)) is None:
                kept.put(key, entry(b"x" * step, expires=step + 50))
            else:
                kept.add_body(key, found, "gzip", b"y" * number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert kept.statistics.hits + kept.statistics.misses == 2_400
    found = [(k, e) for k in map(_byte, range(97)) if (e := kept.get(k, 0)) is not None]
    assert kept.size == sum(len(k) + e.size for k, e in found)


def _byte(number: int) -> bytes:
    return bytes([number])
