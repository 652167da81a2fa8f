"""`python -m wandb`: the command `wandb`."""

from runwake.cli.wandb_command import main

main()
