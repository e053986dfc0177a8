"""The parts of a workbook around its rows, and the archive that holds them all.

The archive is written front to back: nothing waits in a file, and nothing is gone back to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import RawIOBase
from types import TracebackType
from typing import IO, Final, Self
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_LEVEL: Final = 3  # of compression: half the time of the usual 6, and a tenth larger
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)  # the same answer is the same bytes
_NAME: Final = 31  # UTF-16 units

_FORMATS: Final = (
    "yyyy\\-mm\\-dd",
    "yyyy\\-mm\\-dd\\ hh:mm:ss",
    "yyyy\\-mm\\-dd\\ hh:mm:ss.000",
    "hh:mm:ss",
    "hh:mm:ss.000",
)
_OWN: Final = 164  # the number of the first format that is not a spreadsheet's own


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet that was written: its name, and what its filter is over, `$A$1:$C$9`, if it has."""

    name: str
    filtered: str | None


class Book:
    """A workbook in the making, taken from memory as it grows."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._sink = _Sink()
        self._archive = ZipFile(self._sink, "w", ZIP_DEFLATED, compresslevel=_LEVEL)
        self._pages: list[Page] = []
        self._open: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the archive; nobody may want it any more."""
        if self._open is not None:
            self._open.close()
        self._archive.close()

    @property
    def waiting(self) -> int:
        """Bytes that nobody has taken yet."""
        return self._sink.waiting

    def take(self) -> bytes:
        return self._sink.take()

    def open_page(self) -> IO[bytes]:
        """Begin the XML of the next sheet."""
        path = f"xl/worksheets/sheet{len(self._pages) + 1}.xml"
        self._open = self._archive.open(_entry(path), "w")
        return self._open

    def close_page(self, filtered: str | None) -> None:
        """End the XML of the sheet; `filtered` is what its filter is over, such as `$A$1:$C$9`."""
        assert self._open is not None  # noqa: S101 - it was begun
        self._open.close()
        self._open = None
        number = len(self._pages) + 1
        ending = "" if number == 1 else f" {number}"
        name = _cut(_sheet_name(self._title), _NAME - len(ending)).rstrip("' ") + ending
        self._pages.append(Page(name, filtered))

    def finish(self) -> None:
        """Write everything that says what the sheets are."""
        for path, text in (
            ("xl/styles.xml", _styles()),
            ("xl/workbook.xml", _workbook(self._pages)),
            ("xl/_rels/workbook.xml.rels", _relationships(len(self._pages))),
            ("_rels/.rels", _ROOT),
            ("[Content_Types].xml", _content_types(len(self._pages))),
        ):
            self._archive.writestr(_entry(path), (_DECLARATION + text).encode())
        self._archive.close()


def _entry(path: str) -> ZipInfo:
    entry = ZipInfo(path, _FIRST_DAY)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _sheet_name(title: str) -> str:
    """Return a name that spreadsheets take for a sheet."""
    name = re.sub(r"[\x00-\x1f\ufffe\uffff\[\]:*?/\\]", " ", title).strip("' ")
    return "Answer" if name.lower() in {"", "history"} else name


def _cut(name: str, units: int) -> str:
    return name.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def _styles() -> str:
    formats = "".join(
        f'<numFmt numFmtId="{_OWN + i}" formatCode={quoteattr(code)}/>'
        for i, code in enumerate(_FORMATS)
    )
    # In the order of `xlsx_cells.Style`.
    styles = [_style(), _style(font=1), *(_style(_OWN + i) for i in range(len(_FORMATS)))]
    font = '<font>{}<sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="{len(_FORMATS)}">{formats}</numFmts>'
        f'<fonts count="2">{font.format("")}{font.format("<b/>")}</fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        f'</cellStyleXfs><cellXfs count="{len(styles)}">{"".join(styles)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    )


def _style(number: int = 0, font: int = 0) -> str:
    """Return a format of cells; labels that are merged stand at the top of their rows."""
    return (
        f'<xf numFmtId="{number}" fontId="{font}" fillId="0" borderId="0" xfId="0"'
        f' applyNumberFormat="{int(number > 0)}" applyFont="{font}" applyAlignment="1">'
        '<alignment vertical="top"/></xf>'
    )


def _workbook(pages: Sequence[Page]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(page.name)} sheetId="{i}" r:id="rId{i}"/>'
        for i, page in enumerate(pages, 1)
    )
    # Without these names some spreadsheets do not show the filter's buttons.
    names = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{i}" hidden="1">'
        f"{escape(_quoted(page.name))}!{page.filtered}</definedName>"
        for i, page in enumerate(pages)
        if page.filtered is not None
    )
    defined = f"<definedNames>{names}</definedNames>" if names else ""
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{sheets}</sheets>{defined}</workbook>"
    )


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _relationships(pages: int) -> str:
    of = [("worksheet", f"worksheets/sheet{i}.xml") for i in range(1, pages + 1)]
    each = "".join(
        f'<Relationship Id="rId{i}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate([*of, ("styles", "styles.xml")], 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


_ROOT: Final = (
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
    f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)


def _content_types(pages: int) -> str:
    parts = [
        ("/xl/workbook.xml", "sheet.main"),
        ("/xl/styles.xml", "styles"),
        *((f"/xl/worksheets/sheet{i}.xml", "worksheet") for i in range(1, pages + 1)),
    ]
    each = "".join(
        f'<Override PartName="{path}" ContentType="{_TYPES}.{kind}+xml"/>' for path, kind in parts
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{each}</Types>'
    )


class _Sink(RawIOBase):
    """A file that cannot be gone back in, and forgets what was taken from it."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # the archive gives bytes only
        self._parts.append(bytes(data))
        self.waiting += len(data)
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        self.waiting = 0
        return taken
