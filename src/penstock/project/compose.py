"""YAML text → `Document`. Nothing in a file makes an object, a recursion or a billion nodes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import yaml

from penstock.project.document import Document, Node, Scalar
from penstock.project.report import Report
from penstock.project.types import Place
from penstock.secret import Secret

_MAX_DEPTH: Final = 64
_MAX_NODES: Final = 500_000
_CORE_TAG: Final = "tag:yaml.org,2002:"
_CORE: Final = frozenset({"null", "bool", "int", "float", "str", "seq", "map"})

# The scalars of YAML 1.2: in 1.1 `NO` is a country that is false and `on` is a key that is true.
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,30}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_VARIABLE: Final = re.compile(r"\$(?P<escaped>\$?)\{(?P<name>[^{}]*)\}?")
_VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The parser in C is fast and keeps its own stack: unlike `yaml.compose`, which crashes the
# process on a deep file with that parser, its events can be followed to any depth we choose.
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UnreadableError(Exception):
    """The file cannot be read any further."""

    def __init__(self, mark: _Mark, message: str, hint: str | None) -> None:
        super().__init__(message)
        self.mark, self.message, self.hint = mark, message, hint


_Mark = tuple[int, int]


def compose(
    file: str, text: str, report: Report, environ: Mapping[str, str] | None
) -> Document | None:
    """Read one file, or report why it cannot be read.

    `${NAME}` in a value becomes a Secret from `environ`; where that is None it is an issue.
    """
    try:
        composer = _Composer(file, report, environ, yaml.parse(text, Loader=_Loader))
        root = composer.document()
    except _UnreadableError as error:
        report.add(Place(file, *error.mark), "YAML_SYNTAX", error.message, error.hint)
    except yaml.MarkedYAMLError as error:
        _report_syntax(file, text, report, error)
    except yaml.YAMLError as error:
        report.add(_where(file, text, error), "YAML_SYNTAX", f"{_first_line(error)}.")
    else:
        return Document(file, root, composer.used)
    return None


def _report_syntax(file: str, text: str, report: Report, error: yaml.MarkedYAMLError) -> None:
    mark = error.problem_mark or error.context_mark
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        message, hint = "A tab indents this line.", "YAML is indented with spaces."
    else:
        said = ", ".join(part for part in (error.context, error.problem) if part)
        message = f"This is not YAML: {said}."
        hint = "Text that holds `: `, ` #` or starts with a sign needs quotes around it."
    report.add(Place(file, line, column), "YAML_SYNTAX", message, hint)


def _where(file: str, text: str, error: yaml.YAMLError) -> Place:
    position = getattr(error, "position", 0)
    before = text[: position if isinstance(position, int) else 0]
    return Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _first_line(error: yaml.YAMLError) -> str:
    return str(error).splitlines()[0]


@dataclass(slots=True)
class _Composer:
    file: str
    report: Report
    environ: Mapping[str, str] | None
    events: Iterator[yaml.Event]
    anchors: dict[str, Node | None] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    nodes: int = 0

    def document(self) -> Node:
        root = Node(None, (1, 1))
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _UnreadableError(
                        _mark(event), "A project file holds one document.", "Remove the `---`."
                    )
                root = self.node(next(self.events), 0)
        return root

    def node(self, event: yaml.Event, depth: int) -> Node:
        mark = _mark(event)
        if depth > _MAX_DEPTH:
            raise _UnreadableError(mark, f"This nests deeper than {_MAX_DEPTH} levels.", None)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, mark)
        self.grow(1, mark)
        if not isinstance(
            event, yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent
        ):
            raise _UnreadableError(mark, "A value is expected here.", None)
        anchor, before = event.anchor, self.nodes
        if anchor is not None:
            self.anchors[anchor] = None  # not usable inside itself
        node = self.content(event, mark, depth)
        if anchor is not None:
            self.anchors[anchor], self.sizes[anchor] = node, self.nodes - before + 1
        return node

    def content(
        self,
        event: yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent,
        mark: _Mark,
        depth: int,
    ) -> Node:
        self.check_tag(event, mark)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, mark)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(tuple(self.items(depth)), mark)
        return Node(self.members(depth), mark)

    def grow(self, by: int, mark: _Mark) -> None:
        self.nodes += by
        if self.nodes > _MAX_NODES:
            raise _UnreadableError(
                mark, f"The file stands for more than {_MAX_NODES} values.", "Use fewer aliases."
            )

    def alias(self, event: yaml.AliasEvent, mark: _Mark) -> Node:
        name = event.anchor or ""
        node = self.anchors.get(name)
        if node is None:
            raise _UnreadableError(
                mark,
                f"There is no anchor {name!r} before this alias.",
                "Text that starts with `*` needs quotes around it.",
            )
        self.grow(self.sizes[name], mark)
        return replace(node, start=mark)

    def check_tag(self, event: yaml.NodeEvent, mark: _Mark) -> None:
        tag = getattr(event, "tag", None)
        if tag not in {None, "!"} and str(tag).removeprefix(_CORE_TAG) not in _CORE:
            self.report.add(
                Place(self.file, *mark),
                "YAML_TAG",
                "Tags are not used in project files.",
                "Remove the part that starts with `!`; text that does needs quotes around it.",
            )

    def items(self, depth: int) -> Iterator[Node]:
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, depth + 1)

    def members(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            mark = _mark(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _UnreadableError(mark, "A key is a name.", "Text in `{…}` needs quotes.")
            self.grow(1, mark)
            value = replace(self.node(next(self.events), depth + 1), key=mark)
            if event.value in found:
                self.report.add(
                    Place(self.file, *mark),
                    "DUPLICATE_KEY",
                    f"The key {event.value!r} is here twice.",
                    f"The first one is on line {(found[event.value].key or mark)[0]}.",
                )
            else:
                found[event.value] = value
        return found

    def scalar(self, event: yaml.ScalarEvent, mark: _Mark) -> Node:
        text = event.value
        if "${" in text:
            return self.filled(text, mark)
        is_plain = not event.style and event.tag is None
        return Node(_resolve(text) if is_plain else text, mark)

    def filled(self, text: str, mark: _Mark) -> Node:
        """Put the environment's values in; what holds any of them is a secret."""
        found = list(_VARIABLE.finditer(text))
        names = [match["name"] for match in found if not match["escaped"]]
        problems = [problem for name in names if (problem := self.problem(name)) is not None]
        for code, message, hint in problems:
            self.report.add(Place(self.file, *mark), code, message, hint)
        if problems:
            return Node(None, mark, lost=True)
        self.used.update((name, self.value(name)) for name in names)
        value = _VARIABLE.sub(lambda m: m[0][1:] if m["escaped"] else self.value(m["name"]), text)
        return Node(Secret(value) if names else value, mark)

    def value(self, name: str) -> str:
        return (self.environ or {})[name]

    def problem(self, name: str) -> tuple[str, str, str] | None:
        if self.environ is None:
            return (
                "VARIABLE_NOT_ALLOWED",
                "Values from the environment are for penstock.yaml and connectors/ only.",
                "Write `$${` for a literal `${`.",
            )
        if _VARIABLE_NAME.fullmatch(name) is None:
            return (
                "INVALID_VARIABLE",
                f"'${{{name}}}' does not name a variable.",
                "Write `${NAME}`, or `$${` for a literal `${`.",
            )
        if name not in self.environ:
            return (
                "MISSING_VARIABLE",
                f"The environment has no variable {name!r}.",
                f"Start Penstock with {name}=… in its environment.",
            )
        return None


def _mark(event: yaml.Event) -> _Mark:
    mark = event.start_mark
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _resolve(text: str) -> Scalar:
    """Return what an unquoted scalar stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
