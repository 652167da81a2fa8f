"""The whole error tree. Each class stands for one thing that a caller can do about it.

::

    RunwakeError
    ├── UsageError (ValueError)           the call is wrong: mend the argument
    │   ├── ArgumentTypeError (TypeError) the argument has the wrong type
    │   └── UnsupportedError (NotImplementedError)  not in Runwake yet: leave the call out
    ├── ConfigError                       a config key may not change any more
    ├── CommunicationError                the server cannot be reached: try later
    │   └── AuthenticationError           the server refuses the key: mend the key
    ├── LogFormatError                    bytes are not a run log of a version that we read
    └── StoreError                        a server store cannot do what was asked
        ├── OffsetMismatchError           a range starts elsewhere: resend from `expected`
        ├── NotFoundError (LookupError)   no such project, run or blob
        ├── ConflictError                 the object exists already, or is in use
        ├── DigestMismatchError           a blob's bytes are not what its name says
        ├── StorageFullError              no space is left: try later
        └── StoreBusyError                locked or away for a moment: try again at once
"""

from __future__ import annotations


class RunwakeError(Exception):
    """Root of all errors that Runwake raises on purpose."""


class UsageError(RunwakeError, ValueError):
    """A call is wrong. The message names the argument, the value and what is allowed."""


class ArgumentTypeError(UsageError, TypeError):
    """An argument has a type that is not allowed there."""


class UnsupportedError(UsageError, NotImplementedError):
    """Runwake does not have this yet; the message says what."""


class ConfigError(RunwakeError):
    """A config key that is set already was given another value."""


class CommunicationError(RunwakeError):
    """The server cannot be reached, or its answer makes no sense."""


class AuthenticationError(CommunicationError):
    """The server refuses the API key."""


class LogFormatError(RunwakeError):
    """Bytes are not a run log, or are one of a version newer than this reader."""


class StoreError(RunwakeError):
    """A server store cannot do what was asked."""


class OffsetMismatchError(StoreError):
    """A shipped range does not start where the stream stands.

    Attributes:
        expected: the byte offset from which the stream goes on.
    """

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(f"the stream goes on at offset {expected}, the range starts at {got}")
        self.expected = expected
        self.got = got


class NotFoundError(StoreError, LookupError):
    """There is no such project, run or blob (or it is not for this caller to know)."""


class ConflictError(StoreError):
    """The object exists already, or is in use."""


class DigestMismatchError(StoreError):
    """The bytes of a blob do not have the digest that it was announced with."""


class StorageFullError(StoreError):
    """No space is left on the device; nothing was half-written."""


class StoreBusyError(StoreError):
    """The store is locked or away for a moment; nothing was changed, the same call may succeed."""
