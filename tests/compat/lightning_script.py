"""A tiny training with pytorch-lightning's own WandbLogger; for `runwake run`."""

# mypy: ignore-errors
# (torch and lightning are in the environment of the compatibility tests alone)

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import WandbLogger
from torch.utils.data import DataLoader, TensorDataset


class Line(pl.LightningModule):
    """A line through points on a line."""

    def __init__(self, lr: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, batch_index):
        loss = self._loss(batch)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch, batch_index):
        self.log("val/mAP", 1 - self._loss(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

    def _loss(self, batch):
        x, y = batch
        return torch.nn.functional.mse_loss(self.layer(x), y)


def main() -> None:
    pl.seed_everything(1)
    x = torch.linspace(-1, 1, 64)[:, None]
    loader = DataLoader(TensorDataset(x, 3 * x + 1), batch_size=8)
    logger = WandbLogger(
        project="lightning-project", name="lightning-experiment-001", save_dir="logs/"
    )
    checkpoint_callback = ModelCheckpoint(
        monitor="val/mAP", mode="max", save_top_k=3, filename="{epoch}-{val_mAP:.3f}"
    )
    trainer = pl.Trainer(
        max_epochs=3,
        logger=logger,
        callbacks=[checkpoint_callback],
        accelerator="auto",
        log_every_n_steps=2,
        enable_progress_bar=False,
    )
    trainer.fit(Line(), loader, loader)
    logger.experiment.log({"test/mAP": 0.5})


main()
