"""Ids and display names for runs that were given none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_ADJECTIVES: Final = """
    amber azure bold brisk bright broad calm clear coral crisp deep eager early even fair fine
    fleet fresh gentle golden grand hazel high keen kind late light lively long lucid mellow
    mild misty neat new noble open pale patient plain proud quick quiet rapid rare round sharp
    silent silver smooth soft solid steady still sunny swift tall tidal true vivid warm wide
    wild wise
"""
_NOUNS: Final = """
    anchor basin bay beacon bow breaker breeze buoy canal cape channel cliff coast compass cove
    crest current deck delta drift dune eddy estuary ferry fjord foam gale gull harbor haven
    helm inlet island jetty keel kelp kite lagoon lantern ledge marina mast mooring oar ocean
    pebble pier port reef ripple river rudder sail shoal shore sloop sound spray strait stream
    surf swell tern tide voyage wake wave wharf
"""


def make_run_id() -> str:
    """Return 8 letters and digits."""
    return "".join(_choose(_ALPHABET) for _ in range(8))


def make_run_name() -> str:
    """Return a name such as `quiet-harbor-42`."""
    number = int.from_bytes(os.urandom(4), "little") % 999 + 1
    return f"{_choose(_ADJECTIVES.split())}-{_choose(_NOUNS.split())}-{number}"


def make_stream_name(prefix: str = "") -> str:
    """Return a stream name that no other process of the run has."""
    return prefix + "".join(_choose(_ALPHABET) for _ in range(10))


def _choose(choices: Sequence[str]) -> str:
    """Choose by the system's randomness: a training that seeds its own must still get new ids."""
    return choices[int.from_bytes(os.urandom(4), "little") % len(choices)]
