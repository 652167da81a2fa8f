"""State of the aggregates behind the summary, and how far each stream's rows are in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add both columns; rows that were logged before are in no aggregate, and stay out."""
    op.add_column("run", sa.Column("aggregates", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column(
        "run_process",
        sa.Column("sums_watermark", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.execute("UPDATE run_process SET sums_watermark = watermark")
