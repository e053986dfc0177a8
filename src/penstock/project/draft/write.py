"""A draft → the files of a project, written for people to go on from."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from penstock.model.types import Attribute, DataType, Relationship, Table
from penstock.project.draft.keys import column_of
from penstock.project.draft.types import Draft
from penstock.query.types import Json

_WIDTH: Final = 110
_PER_TABLE, _PER_ATTRIBUTE = 4, 6  # columns that comments of these are indented by


def file_names(database: str) -> tuple[str, ...]:
    """Return the files that a project about one database gets."""
    return (
        "penstock.yaml",
        f"connectors/{database}.yaml",
        f"models/{database}.yaml",
        "policies/roles.yaml",
        "queries/first.yaml",
    )


def write_draft(draft: Draft) -> dict[str, str]:
    """Return the text of each file, by its path in the project."""
    texts = (_root(draft), _connector(draft), _model(draft), _policies(draft), _first(draft))
    return dict(zip(file_names(draft.address.name), texts, strict=True))


def _root(draft: Draft) -> str:
    return f"""\
name: {draft.name}
title: ""
description: ""

# What a query may cost, how long answers are kept, and how often tables are counted anew:
# limits: {{default_rows: 5000, max_rows: 1000000, timeout: 30s}}
# cache: {{ttl: 60s}}
# refresh: 1h
"""


def _connector(draft: Draft) -> str:
    address = draft.address
    said = CommentedMap(engine=address.engine)
    said["description"] = ""
    if address.files:
        said["files"] = CommentedMap({n: data.written for n, data in address.files.items()})
    if address.database is not None:
        said["database"] = address.database.written
    options = CommentedMap(address.options)
    for option, (variable, _) in address.secrets.items():
        options[option] = f"${{{variable}}}"
    if options:
        said["options"] = options
    return _text(said)


def _model(draft: Draft) -> str:
    tables = CommentedMap()
    for name, table in draft.model.tables.items():
        tables[name] = _table(table, draft)
    said = CommentedMap(tables=tables)
    lines = [
        "Everything that may be asked about. Take out what nobody should see, say in title and"
    ]
    lines.append("description what the rest means, and check what was guessed.")
    lines += [f"Left out: {fault}." for fault in draft.left_out.get("", ())]
    said.yaml_set_start_comment("\n".join(lines))
    for name in [*tables][1:]:
        tables.yaml_set_comment_before_after_key(name, before="\n", indent=2)
    return _text(said)


def _table(table: Table, draft: Draft) -> CommentedMap:
    said = CommentedMap(database=table.database)
    if table.source != (table.name,):
        said["source"] = ".".join(table.source)
    said["title"] = ""
    said["description"] = ""
    said["attributes"] = CommentedMap({n: _attribute(a) for n, a in table.attributes.items()})
    gone = draft.left_out.get(table.name, ())
    if gone:
        before = f"left out, as the language has no type for them: {', '.join(gone)}"
        said.yaml_set_comment_before_after_key("attributes", before=before, indent=_PER_TABLE)
    links = CommentedMap({n: _relationship(r) for n, r in table.relationships.items()})
    said_of = {**draft.notes, **draft.remarks}
    for name in links:
        note = said_of.get((table.name, name))
        if note is not None:
            links.yaml_set_comment_before_after_key(name, before=note, indent=_PER_ATTRIBUTE)
    if links:
        said["relationships"] = links
    return said


def _attribute(attribute: Attribute) -> CommentedMap:
    said = CommentedMap(type=attribute.type.value)
    column = column_of(attribute)
    if column != attribute.name:
        said["column"] = column
    if attribute.not_null:
        said["not_null"] = True
    said["description"] = ""
    return _inline(said)


def _relationship(relationship: Relationship) -> CommentedMap:
    said = CommentedMap(to=relationship.table)
    said["on"] = _inline(CommentedMap({key.own: key.other for key in relationship.keys}))
    if relationship.one_to_one:
        said["kind"] = "one_to_one"
    if relationship.mandatory:
        said["mandatory"] = True
    return _inline(said)


def _policies(draft: Draft) -> str:
    table = max(draft.model.tables.values(), key=lambda table: table.rows or 0)
    attributes = [*table.attributes]
    texts = [n for n in attributes[1:] if table.attributes[n].type is DataType.STRING]
    by = CommentedMap({(texts or attributes)[0]: _flow({"in": "$principal.allowed"})})
    filtered = _text(_inline(by)).strip()
    return f"""\
# Without a role, whoever has a key sees everything. With these, a caller needs one of them:
#
# roles:
#   analyst:
#     description: Sees everything.
#   reader:
#     description: Sees some rows of one table, and not all of its attributes.
#     rows:
#       - tables: [{table.name}]
#         filter: {filtered}
#     hidden: [{table.name}.{attributes[-1]}]
#
# penstock keys create NAME --role reader --attribute allowed=VALUE,VALUE
roles: {{}}
"""


def _first(draft: Draft) -> str:
    said = CommentedMap(title="A first question")
    said["description"] = "Asked and answered when this project was made. Change it, or ask others."
    said["query"] = _query(draft.first)
    return _text(said)


def _query(query: Mapping[str, Json]) -> CommentedMap:
    """Lay out a query as people do: a line for each part."""
    return CommentedMap({key: _flow(value) for key, value in query.items()})


def _flow(value: Json) -> object:
    if isinstance(value, Mapping):
        return _inline(CommentedMap({key: _flow(item) for key, item in value.items()}))
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = CommentedSeq([_flow(item) for item in value])
        items.fa.set_flow_style()
        return items
    return value


def _inline(said: CommentedMap) -> CommentedMap:
    said.fa.set_flow_style()
    return said


def _text(said: CommentedMap) -> str:
    writer = YAML()
    writer.width = _WIDTH
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    writer.dump(said, stream)
    return stream.getvalue()
