"""Stands for wandb: every name leads to Runwake. See the Runwake guide "import wandb"."""

import sys

try:
    from runwake.dropin import modules
except ImportError as error:
    raise ImportError(
        f"`import wandb` was to lead to Runwake, but {sys.executable} cannot import it ({error}): "
        "install runwake for this interpreter"
    ) from error

modules.fill_package(__name__)
