"""Bodies of the ingest routes for the OpenAPI document; `wire.http` is what clients use."""

from __future__ import annotations

from pydantic import BaseModel, Field


class IngestAnswer(BaseModel):
    """What the server says of a stream."""

    offset: int = Field(description="All bytes before it are durable. Send from here on.")
    stop_requested: bool = Field(default=False, description="Somebody asked the run to stop.")


class RangeRefused(BaseModel):
    """The range does not start where the stream stands."""

    expected: int
