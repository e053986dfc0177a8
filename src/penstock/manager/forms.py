"""What people send: every form, with what fits into each field."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from penstock.auth.apikey import Environment
from penstock.deploy.rollout.types import NoData
from penstock.store.desk import MOST_NODES, MOST_UNITS
from penstock.store.variables import MAX_VALUE


def whole(pattern: str) -> str:
    """Return the pattern of a whole text; `$` alone is also before a newline that ends it."""
    return rf"^{pattern}$(?!\n)"


Name: TypeAlias = Annotated[
    str,
    Meta(
        pattern=whole(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}"),
        description="Letters, digits, _ and -; it is part of addresses.",
    ),
]
Tag: TypeAlias = Annotated[
    str,
    Meta(pattern=whole(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"), description="Such as v1.2.0."),
]
Title: TypeAlias = Annotated[str, Meta(max_length=200)]
Id: TypeAlias = Annotated[str, Meta(pattern=whole(r"[a-z]+_[a-z2-7]{16}"))]
Digest: TypeAlias = Annotated[str, Meta(pattern=whole(r"sha256:[0-9a-f]{64}"))]
Nodes: TypeAlias = Annotated[
    int,
    Meta(
        ge=1,
        le=MOST_NODES,
        description=f"1 to {MOST_NODES} nodes; larger ones, of more units, take more requests.",
    ),
]
Units: TypeAlias = Annotated[
    int,
    Meta(
        ge=1,
        le=MOST_UNITS,
        description=f"1 to {MOST_UNITS} units of each node: 1 CPU and 2 GB each.",
    ),
]
Login: TypeAlias = Annotated[
    str,
    Meta(
        pattern=whole(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}"), description="What one logs in with."
    ),
]
Password: TypeAlias = Annotated[str, Meta(min_length=12, max_length=256)]
Domain: TypeAlias = Annotated[
    str,
    Meta(
        pattern=whole(
            r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
        ),
        max_length=253,
    ),
]
Label: TypeAlias = Annotated[
    str, Meta(pattern=whole(r"[^\x00-\x1f\x7f]{1,128}"), description="A line of text.")
]
Words: TypeAlias = tuple[Annotated[str, Meta(min_length=1, max_length=128)], ...]
Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=315_360_000)]
Scalar: TypeAlias = str | int | float | bool | None


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all of them: what is not known is refused."""


class ProjectForm(Form, frozen=True, kw_only=True):
    name: Name
    title: Title | None = None


class ProjectChange(Form, frozen=True, kw_only=True):
    """What is left out stays as it is."""

    name: Name | None = None
    title: Title | None = None


class ApiForm(Form, frozen=True, kw_only=True):
    name: Name
    title: Title | None = None


class ApiChange(Form, frozen=True, kw_only=True):
    """What is left out stays as it is."""

    name: Name | None = None
    title: Title | None = None


class VersionForm(Form, frozen=True, kw_only=True):
    """`like` is the id of a version of this API whose files the new one begins with."""

    name: Tag
    like: Id | None = None


class VersionChange(Form, frozen=True, kw_only=True):
    name: Tag


class DuplicateForm(Form, frozen=True, kw_only=True):
    name: Tag


class SynchroniseForm(Form, frozen=True, kw_only=True):
    """Exactly one of `folder`, on the manager's machine, and `url`, of a Git repository."""

    folder: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    url: Annotated[str, Meta(min_length=1, max_length=2048)] | None = None
    reference: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class SmokeForm(Form, frozen=True, kw_only=True):
    """A request that the new colour must answer as said, before it serves."""

    path: Annotated[str, Meta(pattern=r"^/", max_length=2048)]
    method: Annotated[str, Meta(pattern=whole(r"[A-Z]{3,10}"))] = "GET"
    body: Annotated[str, Meta(max_length=65_536)] | None = None
    status: Annotated[int, Meta(ge=100, le=599)] = 200
    json: dict[str, Scalar] = {}
    within: Seconds = 10.0
    key: Annotated[str, Meta(max_length=128)] | None = None


class OptionsForm(Form, frozen=True, kw_only=True):
    """How it is deployed; what is left out is the default. Times are in seconds."""

    approval: bool | None = None
    bake: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    no_data: NoData | None = None
    min_requests: Annotated[int, Meta(ge=0)] | None = None
    error_rate: Annotated[float, Meta(ge=0, le=1)] | None = None
    slowdown: Annotated[float, Meta(gt=0)] | None = None
    keep_for: Annotated[float, Meta(ge=0, le=604_800)] | None = None
    start_deadline: Seconds | None = None
    verify_deadline: Seconds | None = None
    approval_deadline: Seconds | None = None
    promote_deadline: Seconds | None = None
    drain: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    grace: Annotated[float, Meta(ge=0, le=3_600)] | None = None
    smoke: tuple[SmokeForm, ...] = ()


class DeployForm(Form, frozen=True, kw_only=True):
    """Exactly one of `version`, an id, and `artifact`, a digest, both of this API."""

    version: Id | None = None
    artifact: Digest | None = None
    nodes: Nodes | None = None
    units: Units | None = None
    options: OptionsForm = OptionsForm()


class ReasonForm(Form, frozen=True, kw_only=True):
    reason: Title | None = None


class ScaleForm(Form, frozen=True, kw_only=True):
    nodes: Nodes | None = None
    units: Units | None = None


class StopForm(Form, frozen=True, kw_only=True):
    """Stopping sets the size back to one node of 1 unit, unless `keep_size`."""

    keep_size: bool = False


class ValueForm(Form, frozen=True, kw_only=True):
    value: Annotated[str, Meta(max_length=MAX_VALUE)]


class SettingForm(Form, frozen=True, kw_only=True):
    """Any JSON value."""

    value: object


class DomainForm(Form, frozen=True, kw_only=True):
    name: Domain


class KeyForm(Form, frozen=True, kw_only=True):
    """`attributes` are what row filters read as $principal.NAME; `expires_in` is in seconds."""

    name: Label
    environment: Environment = Environment.LIVE
    roles: Words = ()
    attributes: dict[str, Scalar | tuple[Scalar, ...]] = {}
    permissions: Words = ()
    expires_in: Seconds | None = None


class RotateForm(Form, frozen=True, kw_only=True):
    """The old secret works for `grace` seconds more, or until the rotation is finished."""

    grace: Annotated[float, Meta(ge=0, le=31_536_000)] | None = None


class PersonForm(Form, frozen=True, kw_only=True):
    name: Login
    title: Title | None = None
    password: Password | None = None


class AccountForm(Form, frozen=True, kw_only=True):
    name: Login
    title: Title | None = None


class SubjectChange(Form, frozen=True, kw_only=True):
    """What is left out stays as it is."""

    title: Title | None = None
    disabled: bool | None = None


class PasswordForm(Form, frozen=True, kw_only=True):
    """Whoever changes their own gives the `old` one too."""

    password: Password
    old: Annotated[str, Meta(max_length=256)] | None = None


class TokenForm(Form, frozen=True, kw_only=True):
    """`expires_in` is in seconds; left out, the token has no end."""

    name: Label
    expires_in: Seconds | None = None


class IssueForm(Form, frozen=True, kw_only=True):
    """For a person, or with `robot` an account; `roles` are given beside those of before.

    `label` tells the token from others; `expires_in` is in seconds, left out it has no end.
    """

    name: Login
    robot: bool = False
    roles: Words = ()
    label: Annotated[str, Meta(min_length=1, max_length=128)] = "cli"
    expires_in: Seconds | None = None


class RoleForm(Form, frozen=True, kw_only=True):
    """Permissions are `service:resource:action`; * stands for any word."""

    title: Title | None = None
    permissions: tuple[Annotated[str, Meta(max_length=128)], ...]


class BindingForm(Form, frozen=True, kw_only=True):
    """At most one of `project` and `api`; with neither the role holds everywhere."""

    subject: Id
    role: Annotated[str, Meta(min_length=1, max_length=64)]
    project: Id | None = None
    api: Id | None = None


class LoginForm(Form, frozen=True, kw_only=True):
    name: Label
    password: Annotated[str, Meta(min_length=1, max_length=256)]
