from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.store.grants import Grant, Grants, Scope, includes, is_permission

WORD = st.sampled_from(["*", "a", "b", "c"])
PERMISSION = st.builds(lambda *words: ":".join(words), WORD, WORD, WORD)
PLAIN = st.builds(lambda *words: ":".join(words), *[st.sampled_from(["a", "b", "c"])] * 3)
SCOPES = st.sampled_from(
    [Scope(), Scope(project="p"), Scope(project="q"), Scope(project="p", api="x")]
)
GRANT = st.builds(
    lambda permissions, where: Grant(permissions=permissions, project=where.project, api=where.api),
    st.frozensets(PERMISSION, max_size=3),
    SCOPES,
)


@pytest.mark.parametrize(
    ("held", "wanted", "covers"),
    [
        ("*:*:*", "a:b:c", True),
        ("a:*:c", "a:b:c", True),
        ("a:b:c", "a:b:c", True),
        ("a:b:d", "a:b:c", False),
        ("a:b:c", "a:b:*", False),
        ("a:*:*", "a:b:*", True),
    ],
)
def test_a_star_stands_for_any_word(held: str, wanted: str, *, covers: bool) -> None:
    assert includes({held}, wanted) is covers


@pytest.mark.parametrize("text", ["", "a", "a:b", "a:b:c:d", "A:b:c", "a:b:**", "a::c", "a:b:c\n"])
def test_what_has_another_form_is_no_permission(text: str) -> None:
    assert not is_permission(text)


@given(mine=st.lists(GRANT, max_size=3), theirs=st.lists(GRANT, max_size=2), wanted=PLAIN)
def test_who_covers_somebody_may_all_that_they_may(
    mine: list[Grant], theirs: list[Grant], wanted: str
) -> None:
    held, given_away = Grants(tuple(mine)), Grants(tuple(theirs))
    if held.cover(given_away.grants):
        for scope in (Scope(), Scope(project="p"), Scope(project="q"), Scope(project="p", api="x")):
            assert held.allow(wanted, scope) or not given_away.allow(wanted, scope)


@given(grants=st.lists(GRANT, max_size=4), wanted=PLAIN, scope=SCOPES)
def test_what_is_in_reach_is_what_is_allowed(
    grants: list[Grant], wanted: str, scope: Scope
) -> None:
    held = Grants(tuple(grants))
    reach = held.reach(wanted)

    reached = (
        reach.everywhere
        or (scope.project is not None and scope.project in reach.projects)
        or (scope.api is not None and scope.api in reach.apis)
    )
    assert reached == held.allow(wanted, scope)
