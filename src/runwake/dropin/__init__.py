"""Scripts and libraries that say `import wandb`, run unmodified against our SDK.

`site/` holds what the import system finds: a package `wandb` and the metadata of a distribution of
that name. `bin/` holds a command `wandb`. Nothing is installed: `runwake run` puts both folders
before all others for one command, `install_as_wandb` the first for one process.
"""
