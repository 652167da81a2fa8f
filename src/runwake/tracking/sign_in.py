"""Use cases of signing in: API keys and the sessions that browsers get for them.

A key is `runwake-` and 64 random hex digits. Only its sha256 is kept: with 256 random bits there
is nothing to guess, so no slow hash is needed. A key that is gone ends its sessions at once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from runwake.errors import AuthenticationError
from runwake.store.ports import ApiKeyRecord, MetaStore, SessionRecord
from runwake.tracking.clock import Clock, system_clock

PREFIX: Final = "runwake-"
_ID_LENGTH: Final = 8
SESSION_LIFETIME_S: Final = 30 * 24 * 3600.0


@dataclass(frozen=True)
class NewSession:
    """The secret of a new session: told once, never kept."""

    token: str
    lifetime_s: float


class SignIns:
    """Keys and sessions. Thread-safe: holds nothing but its store."""

    def __init__(self, meta: MetaStore, clock: Clock = system_clock) -> None:
        self._meta = meta
        self._clock = clock

    def make_key(self, name: str) -> str:
        """Make an API key and return it: the only time that anybody sees it."""
        key = PREFIX + secrets.token_hex(32)
        record = ApiKeyRecord(_key_id(key), _digest(key), name, self._clock())
        with self._meta.write() as tx:
            tx.add_api_key(record)
        return key

    def has_keys(self) -> bool:
        """Whether any key was ever made."""
        with self._meta.read() as tx:
            return tx.has_api_keys()

    def is_key(self, key: str) -> bool:
        """Whether `key` is one of ours."""
        return self._find(key) is not None

    def start_session(self, key: str) -> NewSession:
        """Exchange a key for a session.

        Raises:
            AuthenticationError: the key is none of ours.
        """
        record = self._find(key)
        if record is None:
            raise AuthenticationError("this API key is not known here")
        token = secrets.token_urlsafe(32)
        expires_at = self._clock() + SESSION_LIFETIME_S
        with self._meta.write() as tx:
            tx.add_session(SessionRecord(_digest(token), record.id, expires_at), self._clock())
        return NewSession(token, SESSION_LIFETIME_S)

    def is_session(self, token: str) -> bool:
        """Whether a session with this token is there and not over."""
        with self._meta.read() as tx:
            session = tx.session(_digest(token))
        return session is not None and session.expires_at > self._clock()

    def end_session(self, token: str) -> None:
        """End a session; unknown ones are fine."""
        with self._meta.write() as tx:
            tx.delete_session(_digest(token))

    def _find(self, key: str) -> ApiKeyRecord | None:
        with self._meta.read() as tx:
            record = tx.api_key(_key_id(key))
        # The same work for an unknown id, so that time tells nothing.
        expected = record.key_hash if record else _digest("")
        is_same = hmac.compare_digest(expected, _digest(key))
        return record if record is not None and is_same else None


def _key_id(key: str) -> str:
    return key.removeprefix(PREFIX)[:_ID_LENGTH]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
