"""The same content has the same bytes."""

from __future__ import annotations

import math

import pytest

from scoring.canonical import canonical, digest


def test_keys_are_sorted_and_characters_kept() -> None:
    assert canonical({"b": [1, True, None], "a": "Ž", "B": {}}) == '{"B":{},"a":"Ž","b":[1,true,null]}'


def test_the_digest_is_a_known_one() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(math.nan)
