"""One training of the demo: `python -m runwake.demo.train CONFIGURATION`.

Written as a user's own script would be, through the public SDK alone. Data and training are real;
only the clock is slowed down a little, so that a person can watch the charts move. At the end it
writes what it logged into the report file, for the demo to compare with what the server holds.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import runwake as wandb
from runwake.demo import pictures
from runwake.demo.configurations import Configuration, find

SEED = 20
PICTURES_EVERY = 6
"""Epochs from one confusion matrix to the next."""
NUM_SAMPLES = 6

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Examples of the training or the validation part.

    Attributes:
        raw: (n, features) as in the data set.
        x: (n, features) scaled to zero mean and unit variance of the training part.
        y: (n,) class numbers.
    """

    raw: Floats
    x: Floats
    y: Ints


@dataclass(frozen=True)
class Data:
    """A data set, split."""

    train: Part
    val: Part
    labels: list[str]


def load(dataset: str) -> Data:
    """Load a bundled data set and split off a fifth for validation."""
    bunch: Any = load_digits() if dataset == "digits" else load_breast_cancer()
    raw_train, raw_val, y_train, y_val = train_test_split(
        bunch.data, bunch.target, test_size=0.2, random_state=SEED, stratify=bunch.target
    )
    scaler = StandardScaler().fit(raw_train)
    return Data(
        Part(raw_train, scaler.transform(raw_train), y_train),
        Part(raw_val, scaler.transform(raw_val), y_val),
        [str(name) for name in bunch.target_names],
    )


def make_model(configuration: Configuration) -> Any:
    """Return an untrained model with `partial_fit` and `predict_proba`."""
    if configuration.model == "mlp":
        return MLPClassifier(
            hidden_layer_sizes=configuration.hidden,
            alpha=configuration.alpha,
            learning_rate_init=configuration.learning_rate,
            random_state=SEED,
        )
    return SGDClassifier(
        loss="log_loss",
        alpha=configuration.alpha,
        learning_rate="constant",
        eta0=configuration.learning_rate,
        random_state=SEED,
    )


def set_learning_rate(model: Any, learning_rate: float) -> None:
    """Change the learning rate of a model between two epochs."""
    if hasattr(model, "eta0"):
        model.eta0 = learning_rate
        return
    optimizer = getattr(model, "_optimizer", None)  # made by the first partial_fit
    if optimizer is not None:
        optimizer.learning_rate_init = learning_rate


def train(configuration: Configuration, project: str, group: str, epoch_s: float) -> dict[str, Any]:
    """Train one configuration as one run.

    Args:
        configuration: what to train.
        project: the run's project.
        group: the run's group: one per start of the demo.
        epoch_s: an epoch takes at least so many seconds.

    Returns:
        The report: `run_id`, `rows` (log calls), `val_accuracy` (the best).
    """
    data = load(configuration.dataset)
    model = make_model(configuration)
    rng = np.random.default_rng(SEED)
    rows = 0
    best = 0.0
    with wandb.init(
        project=project,
        name=configuration.name,
        group=group,
        job_type="train",
        tags=[configuration.dataset, configuration.model],
        config=configuration.as_config(),
    ) as run:
        for epoch in range(configuration.epochs):
            started = time.monotonic()
            learning_rate = configuration.learning_rate * configuration.decay**epoch
            set_learning_rate(model, learning_rate)
            for batch in batches(len(data.train.y), configuration.batch_size, rng):
                x, y = data.train.x[batch], data.train.y[batch]
                model.partial_fit(x, y, classes=np.arange(len(data.labels)))
                run.log({"train/batch_loss": loss_of(model, x, y)})
                rows += 1
            metrics = evaluate(model, data)
            best = max(best, metrics["val/accuracy"])
            metrics |= {"epoch": epoch, "train/lr": learning_rate}
            metrics["train/epoch_s"] = time.monotonic() - started
            if epoch % PICTURES_EVERY == 0 or epoch == configuration.epochs - 1:
                metrics |= draw(model, data)
            run.log(metrics)
            rows += 1
            print(
                f"epoch {epoch:2d}: loss {metrics['train/loss']:.3f}, "
                f"validation {metrics['val/loss']:.3f}, {metrics['val/accuracy']:.1%} right"
            )
            time.sleep(max(0.0, epoch_s - (time.monotonic() - started)))
        run.summary["best_val_accuracy"] = best
        run_id = run.id
    return {"run_id": run_id, "rows": rows, "val_accuracy": best}


def batches(num_examples: int, batch_size: int, rng: np.random.Generator) -> list[Ints]:
    """Return the example numbers of an epoch's batches, in a new random order."""
    order = rng.permutation(num_examples)
    return [order[start : start + batch_size] for start in range(0, num_examples, batch_size)]


def loss_of(model: Any, x: Floats, y: Ints) -> float:
    """Return the cross-entropy of the model's predictions, in nats."""
    return cross_entropy(model.predict_proba(x), y)


def cross_entropy(probabilities: Floats, y: Ints) -> float:
    """Return the mean of -log p of the true class."""
    true = probabilities[np.arange(len(y)), y]
    return float(-np.log(np.maximum(true, 1e-12)).mean())


def evaluate(model: Any, data: Data) -> dict[str, Any]:
    """Return loss and accuracy on both parts."""
    metrics: dict[str, Any] = {}
    for name, part in (("train", data.train), ("val", data.val)):
        probabilities = model.predict_proba(part.x)
        metrics[f"{name}/loss"] = cross_entropy(probabilities, part.y)
        metrics[f"{name}/accuracy"] = float(np.mean(probabilities.argmax(axis=1) == part.y))
    return metrics


def draw(model: Any, data: Data) -> dict[str, Any]:
    """Return the pictures of an epoch: a confusion matrix and, for digits, some predictions."""
    predicted = model.predict(data.val.x)
    counts = confusion_matrix(data.val.y, predicted)
    drawn: dict[str, Any] = {
        "val/confusion_matrix": wandb.Image(pictures.confusion_matrix(counts, data.labels))
    }
    if data.val.raw.shape[1] == 64:
        # Mistakes are worth looking at: they come first.
        order = np.argsort(predicted == data.val.y, kind="stable")[:NUM_SAMPLES]
        drawn["val/predictions"] = [
            wandb.Image(
                pictures.magnified_digit(data.val.raw[index]),
                caption=f"pred {predicted[index]} · true {data.val.y[index]}",
            )
            for index in order
        ]
    return drawn


def main() -> None:
    """Train the configuration that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("configuration", type=find)
    parser.add_argument("--project", default="demo")
    parser.add_argument("--group", default="by hand")
    parser.add_argument("--epoch-s", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--epochs", type=int, help="instead of the configuration's own number")
    parser.add_argument("--report", type=Path, metavar="FILE")
    options = parser.parse_args()
    configuration: Configuration = options.configuration
    if options.epochs is not None:
        configuration = replace(configuration, epochs=options.epochs)
    report = train(configuration, options.project, options.group, options.epoch_s)
    if options.report is not None:
        options.report.write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
