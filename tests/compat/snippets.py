"""Snippets from a guide to wandb, as its readers paste them: not one character may be changed.

What they need around them (names that the guide leaves to the reader) is in the tests.
"""

from __future__ import annotations

INIT = """\
import wandb

# Initialize a new run
run = wandb.init(
    project="my-cv-project",
    name="yolov8-experiment-001",
    config={
        "model": "yolov8",
        "learning_rate": 1e-3,
        "batch_size": 32,
        "epochs": 100,
        "optimizer": "AdamW",
        "scheduler": "CosineAnnealing",
        "image_size": 640,
    },
    tags=["baseline", "yolov8", "coco"],
    notes="Baseline YOLOv8 training on COCO subset",
)
"""

PYDANTIC = '''\
from pydantic import BaseModel, Field

class TrainingConfig(BaseModel):
    """Training configuration with validation."""
    model_name: str = "yolov8"
    learning_rate: float = Field(gt=0, default=1e-3)
    batch_size: int = Field(ge=1, default=32)
    epochs: int = Field(ge=1, default=100)
    image_size: int = Field(ge=32, default=640)

config = TrainingConfig()

# Pass Pydantic model to W&B as a dict
wandb.init(project="my-cv-project", config=config.model_dump())
'''

OPT_IN = '''\
from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import wandb as wandb_module

def create_logger(use_wandb: bool, project: str, config: dict[str, Any]) -> wandb_module.sdk.wandb_run.Run | None:
    """Create W&B logger if enabled."""
    if not use_wandb:
        return None

    try:
        import wandb
        return wandb.init(project=project, config=config)
    except ImportError:
        print("wandb not installed. Skipping experiment tracking.")
        return None
'''  # noqa: E501 - as it is

SCALARS = """\
import wandb

for epoch in range(num_epochs):
    train_loss = train_one_epoch(model, train_loader)
    val_loss, val_map = evaluate(model, val_loader)

    # Log metrics per epoch
    wandb.log({
        "train/loss": train_loss,
        "val/loss": val_loss,
        "val/mAP": val_map,
        "epoch": epoch,
    })
"""

CUSTOM_STEP = """\
# Use custom x-axis
wandb.define_metric("train/loss", step_metric="global_step")
wandb.define_metric("val/*", step_metric="epoch")

for step, batch in enumerate(train_loader):
    loss = train_step(model, batch)
    wandb.log({"train/loss": loss, "global_step": step})
"""

ALERT = """\
# Alert on training completion
wandb.alert(
    title="Training Complete",
    text=f"Final mAP: {final_map:.4f}",
    level=wandb.AlertLevel.INFO,
)
"""

OFFLINE = """\
# Set offline mode
export WANDB_MODE=offline
"""

SYNC = """\
# Later, sync offline runs
wandb sync ./wandb/offline-run-*
"""
