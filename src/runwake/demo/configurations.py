"""What the demo trains: eight configurations, each with hyperparameters worth comparing.

Plain data: the command line reads it without loading scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Configuration:
    """One training run of the demo.

    Attributes:
        name: display name of the run.
        dataset: which of scikit-learn's bundled data sets.
        model: `mlp` is an MLPClassifier, `linear` an SGDClassifier with logistic loss.
        epochs: passes over the training part.
        learning_rate: that of the first epoch.
        decay: factor on the learning rate per epoch; 1 keeps it.
        batch_size: examples per step.
        hidden: widths of the hidden layers (mlp only).
        alpha: strength of the L2 penalty.
    """

    name: str
    dataset: Literal["digits", "breast-cancer"]
    model: Literal["mlp", "linear"]
    epochs: int
    learning_rate: float
    decay: float
    batch_size: int
    hidden: tuple[int, ...] = ()
    alpha: float = 1e-4

    def as_config(self) -> dict[str, Any]:
        """Return the hyperparameters as the run's config, nested as people write them."""
        config: dict[str, Any] = {
            "dataset": self.dataset,
            "model": {"kind": self.model, "alpha": self.alpha},
            "optimizer": {"learning_rate": self.learning_rate, "decay": self.decay},
            "batch_size": self.batch_size,
            "epochs": self.epochs,
        }
        if self.model == "mlp":
            config["model"]["hidden"] = list(self.hidden)
        return config


CONFIGURATIONS = (
    Configuration("digits-mlp-64", "digits", "mlp", 24, 4e-3, 0.98, 192, hidden=(64,)),
    Configuration("digits-linear", "digits", "linear", 20, 5e-3, 0.97, 192),
    Configuration("cancer-mlp", "breast-cancer", "mlp", 25, 3e-3, 0.99, 64, hidden=(32, 16)),
    Configuration("digits-mlp-hot", "digits", "mlp", 22, 8e-2, 1.0, 192, hidden=(64,)),
    Configuration("digits-mlp-wide", "digits", "mlp", 20, 3e-3, 0.99, 128, hidden=(256,)),
    Configuration("digits-mlp-deep", "digits", "mlp", 24, 2e-3, 0.98, 192, hidden=(96, 64, 32)),
    Configuration("cancer-linear", "breast-cancer", "linear", 22, 5e-3, 0.98, 64, alpha=1e-3),
    Configuration("digits-mlp-l2", "digits", "mlp", 22, 4e-3, 0.98, 192, hidden=(64,), alpha=1.0),
)


def find(name: str) -> Configuration:
    """Return the configuration of that name.

    Raises:
        ValueError: there is none.
    """
    for configuration in CONFIGURATIONS:
        if configuration.name == name:
            return configuration
    names = ", ".join(configuration.name for configuration in CONFIGURATIONS)
    raise ValueError(f"no configuration {name!r}: there are {names}")
