"""People, service accounts, and their tokens, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from penstock.errors import ForbiddenError
from penstock.manager.forms import (
    AccountForm,
    PasswordForm,
    PersonForm,
    SubjectChange,
    TokenForm,
)
from penstock.manager.passwords import hash_password, is_password
from penstock.manager.routes import (
    Call,
    Changes,
    Lists,
    Makes,
    Reads,
    Route,
    asking,
    taking,
)
from penstock.store import removal, subjects, tokens
from penstock.store.paging import Page, Reach, Span
from penstock.store.subjects import SubjectDraft, SubjectKind, SubjectRecord
from penstock.store.tokens import TokenRecord
from penstock.store.unit import Look, Work, looking


class NewToken(TokenRecord, frozen=True, kw_only=True):
    """A token with its text, which is shown this once."""

    token: str


class Hashed(msgspec.Struct, frozen=True):
    """A password on its way into the store."""

    hash: str


def _subject(call: Call) -> str:
    return call.ids.get("person_id") or call.ids["account_id"]


def _people(look: Look, _: Call, __: Reach, span: Span) -> Page[object]:
    found = subjects.page(look, span, SubjectKind.PERSON)
    return Page(items=found.items, next=found.next)


def _accounts(look: Look, _: Call, __: Reach, span: Span) -> Page[object]:
    found = subjects.page(look, span, SubjectKind.ACCOUNT)
    return Page(items=found.items, next=found.next)


def _show(look: Look, call: Call) -> SubjectRecord:
    return subjects.get(look, _subject(call))


def _draft_person(_: Call, form: PersonForm) -> SubjectDraft:
    hashed = None if form.password is None else hash_password(form.password)
    kind = SubjectKind.PERSON
    return SubjectDraft(kind=kind, name=form.name, title=form.title or "", password=hashed)


def _draft_account(_: Call, form: AccountForm) -> SubjectDraft:
    return SubjectDraft(kind=SubjectKind.ACCOUNT, name=form.name, title=form.title or "")


def _make(work: Work, _: Call, draft: SubjectDraft) -> SubjectRecord:
    return subjects.create(work, draft)


def _change(work: Work, call: Call, form: SubjectChange) -> SubjectRecord:
    check_power(work, call, _subject(call))
    return subjects.update(work, _subject(call), title=form.title, disabled=form.disabled)


def _remove(work: Work, call: Call, _: object) -> None:
    check_power(work, call, _subject(call))
    removal.remove_subject(work, _subject(call))


def _hash(call: Call, form: PasswordForm) -> Hashed:
    if call.caller.actor.id == call.ids["person_id"]:
        _check_old(call, form)
    return Hashed(hash_password(form.password))


def _check_old(call: Call, form: PasswordForm) -> None:
    """Let a token that was taken away not take the account with it."""
    with looking(call.context.database) as look:
        known = subjects.login_of(look, call.caller.actor.name)
    if known is not None and not is_password(known[1], form.old or ""):
        raise ForbiddenError("Your old password is not this one.", pointer="/old")


def _set_password(work: Work, call: Call, hashed: Hashed) -> SubjectRecord:
    person = call.ids["person_id"]
    check_power(work, call, person)
    tokens.revoke_all(work, person)
    return subjects.set_password(work, person, hashed.hash)


def _tokens(look: Look, call: Call, _: Reach, span: Span) -> Page[object]:
    found = tokens.page(look, span, _subject(call))
    return Page(items=found.items, next=found.next)


def _make_token(work: Work, call: Call, form: TokenForm) -> NewToken:
    subject = subjects.get(work, _subject(call))
    check_power(work, call, subject.id)
    expires = None if form.expires_in is None else work.now + form.expires_in
    record, secret = tokens.create(work, subject, form.name, expires)
    return NewToken(**msgspec.structs.asdict(record), token=secret.reveal())


def _token(look: Look, call: Call) -> TokenRecord:
    return tokens.get(look, call.ids["token_id"])


def _revoke(work: Work, call: Call, _: object) -> TokenRecord:
    return tokens.revoke(work, call.ids["token_id"])


def check_power(look: Look, call: Call, subject: str) -> None:
    """Raise ForbiddenError where somebody would take over, or lock out, who may do more."""
    if not call.caller.grants.cover(tokens.grants_of(look, subject).grants):
        raise ForbiddenError(
            "They may do more than you, so you cannot act for them.",
            hint="Ask somebody with their roles, or more.",
        )


def _of(kind: str, word: str, listing: Lists, making: Makes, form: type) -> tuple[Route, ...]:
    """Return the routes that people and accounts have alike."""
    one = f"/{kind}/{{{word}_id}}"
    kind_of = "a person" if word == "person" else "a service account"
    showing: Callable[[Look, Call], object] = _show
    return (
        Route(
            method="GET",
            path=f"/{kind}",
            permission=f"people:{kind}:read",
            summary=f"List {'people' if word == 'person' else 'service accounts'}",
            handler=listing,
            gives=SubjectRecord,
        ),
        Route(
            method="POST",
            path=f"/{kind}",
            permission=f"people:{kind}:create",
            summary=f"Make {kind_of}",
            handler=making,
            takes=form,
            gives=SubjectRecord,
            status=201,
            codes=("CONFLICT",),
        ),
        Route(
            method="GET",
            path=one,
            permission=f"people:{kind}:read",
            summary=f"Show {kind_of}",
            handler=Reads(showing),
            gives=SubjectRecord,
        ),
        Route(
            method="PATCH",
            path=one,
            permission=f"people:{kind}:update",
            summary=f"Change {kind_of}, or disable",
            handler=Changes(taking(SubjectChange, _change), showing),
            takes=SubjectChange,
            gives=SubjectRecord,
        ),
        Route(
            method="DELETE",
            path=one,
            permission=f"people:{kind}:delete",
            summary=f"Remove {kind_of}; all tokens end",
            handler=Changes(_remove, showing),
        ),
        Route(
            method="GET",
            path=f"{one}/tokens",
            permission="people:tokens:read",
            summary=f"List the tokens of {kind_of}",
            handler=Lists(_tokens, narrowed=False),
            gives=TokenRecord,
        ),
        Route(
            method="POST",
            path=f"{one}/tokens",
            permission="people:tokens:create",
            summary=f"Make a token for {kind_of}; it is shown this once",
            handler=Makes(taking(TokenForm, _make_token)),
            takes=TokenForm,
            gives=NewToken,
            status=201,
        ),
    )


ROUTES: Final = (
    *_of(
        "people",
        "person",
        Lists(_people, narrowed=False),
        Makes(taking(SubjectDraft, _make), asking(PersonForm, _draft_person)),
        PersonForm,
    ),
    *_of(
        "accounts",
        "account",
        Lists(_accounts, narrowed=False),
        Makes(taking(SubjectDraft, _make), asking(AccountForm, _draft_account)),
        AccountForm,
    ),
    Route(
        method="POST",
        path="/people/{person_id}/password",
        permission="people:people:password",
        summary="Give a person another password; all tokens of theirs end",
        handler=Makes(taking(Hashed, _set_password), asking(PasswordForm, _hash)),
        takes=PasswordForm,
        gives=SubjectRecord,
    ),
    Route(
        method="GET",
        path="/tokens/{token_id}",
        permission="people:tokens:read",
        summary="Show a token, never its secret",
        handler=Reads(_token),
        gives=TokenRecord,
    ),
    Route(
        method="DELETE",
        path="/tokens/{token_id}",
        permission="people:tokens:delete",
        summary="Refuse a token from the next request on",
        handler=Changes(_revoke, _token),
        gives=TokenRecord,
    ),
)
