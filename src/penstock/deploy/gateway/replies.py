"""What Envoy answers itself → the problem bodies that a node's answers have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from penstock.deploy.gateway.envoy import Branch, Tree
from penstock.deploy.gateway.routes import PREVIEW_HEADER
from penstock.errors import (
    ApiUnavailableError,
    BusyError,
    InvalidHTTPError,
    NotFoundError,
    PenstockError,
    QueryTimeoutError,
    TooLargeError,
)
from penstock.problems import MEDIA_TYPE, encode_problem, problem_of

_RETRY_AFTER: Final = "2"

_NOWHERE: Final = NotFoundError(
    "There is no API at this address.",
    hint="Addresses begin with /<project>/<api>/, or are on a domain of the API's own.",
)
_NO_NODE: Final = ApiUnavailableError(
    "No node of this API serves at the moment.", hint="Come back after Retry-After."
)
_NO_PREVIEW: Final = ApiUnavailableError(
    "There is nothing to preview of this API at the moment.",
    hint="`penstock deploy --approval` makes a preview; without `/preview` it is what serves.",
)
_LOST: Final = ApiUnavailableError(
    "The node that was asked went away, or could not be reached.",
    hint="Ask again after Retry-After.",
)
_FULL: Final = BusyError("The gateway has too much to do.", hint="Come back after Retry-After.")
_SLOW: Final = QueryTimeoutError("The node did not answer in time.")
_LARGE: Final = TooLargeError("The body is larger than this API takes.")
_LATE: Final = InvalidHTTPError("The request did not come whole in time.")
_LONG: Final = InvalidHTTPError("The headers are too large.", hint="Send fewer, or shorter ones.")
_TUNNEL: Final = InvalidHTTPError("No other protocol is spoken here.")
_WRONG: Final = InvalidHTTPError(
    "The request is not HTTP as it is understood here, or its path can be read in two ways.",
    hint="A path holds no encoded slash and no backslash.",
)

_NOBODY: Final[Tree] = {"response_flag_filter": {"flags": ["UH"]}}


def _asks(header: str, match: Tree) -> Tree:
    return {"header_filter": {"header": {"name": header, "string_match": match}}}


_PREVIEW: Final[Tree] = {
    "or_filter": {
        "filters": [
            _asks(":path", {"prefix": "/preview/"}),
            _asks("x-envoy-original-path", {"prefix": "/preview/"}),
            _asks(PREVIEW_HEADER, {"exact": "true"}),
        ]
    }
}


def replies() -> Tree:
    return {"mappers": [*_mappers()]}


def _mappers() -> Iterator[Tree]:
    yield _mapper(_status(404), _NOWHERE)
    # NR no route, UH no healthy host, UO overflow, OM overload
    yield _mapper({"and_filter": {"filters": [_NOBODY, _PREVIEW]}}, _NO_PREVIEW, again=True)
    yield _mapper(_NOBODY, _NO_NODE, again=True)
    yield _mapper({"response_flag_filter": {"flags": ["UO", "OM"]}}, _FULL, again=True)
    yield _mapper(_status(503), _LOST, again=True)
    yield _mapper(_status(502), _LOST, status=503, again=True)
    yield _mapper(_status(504), _SLOW)
    yield _mapper(_status(413), _LARGE)
    yield _mapper(_status(403), _TUNNEL, status=403)
    yield _mapper(_status(408), _LATE, status=408)
    yield _mapper(_status(431), _LONG, status=431)
    yield _mapper(_status(400), _WRONG)


def _status(code: int) -> Tree:
    value: Branch = {"default_value": code, "runtime_key": f"penstock.reply.{code}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _mapper(
    what: Tree, error: PenstockError, *, status: int | None = None, again: bool = False
) -> Tree:
    problem = problem_of(error)
    problem.status = status or problem.status
    headers = {"cache-control": "no-store", **({"retry-after": _RETRY_AFTER} if again else {})}
    return {
        "filter": what,
        "status_code": problem.status,
        "headers_to_add": [
            {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for key, value in headers.items()
        ],
        "body_format_override": {
            "text_format_source": {
                "inline_string": encode_problem(problem).decode().replace("%", "%%")
            },
            "content_type": MEDIA_TYPE.decode(),
        },
    }
