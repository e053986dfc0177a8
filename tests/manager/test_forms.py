from __future__ import annotations

from typing import Final

import msgspec
import pytest

from penstock.manager import forms

GOOD: Final = {
    "Name": "shop",
    "Tag": "v1.2.0",
    "Id": "api_abcdefgh234567ab",
    "Digest": "sha256:" + "0a" * 32,
    "Login": "ada@example.com",
    "Domain": "a.example.com",
    "Label": "nightly export, ünïcode",
}


def fits(name: str, text: str) -> bool:
    try:
        msgspec.convert(text, getattr(forms, name))
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", GOOD)
def test_a_name_ends_where_it_ends(name: str) -> None:
    text = GOOD[name]

    assert fits(name, text)
    assert [bad for bad in (f"{text}\n", f"\n{text}", f"{text}\r", "") if fits(name, bad)] == []


@pytest.mark.parametrize("sign", ["\0", "\t", "\x1b", "\x7f"])
def test_a_label_has_no_control_signs(sign: str) -> None:
    assert not fits("Label", f"a{sign}b")
