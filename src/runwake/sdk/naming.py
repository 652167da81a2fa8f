"""Ids and display names for runs that were given none."""

from __future__ import annotations

from random import SystemRandom
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

_random: Final = SystemRandom()
"""Not the shared generator: a training that seeds it must still get new ids."""


def make_run_id() -> str:
    """Return 8 letters and digits."""
    return "".join(_random.choices(_ALPHABET, k=8))


def make_run_name() -> str:
    """Return a name such as `quiet-harbor-42`."""
    adjective = _random.choice(_ADJECTIVES.split())
    return f"{adjective}-{_random.choice(_NOUNS.split())}-{_random.randint(1, 999)}"


def make_stream_name(prefix: str = "") -> str:
    """Return a stream name that no other process of the run has."""
    return prefix + "".join(_random.choices(_ALPHABET, k=10))
