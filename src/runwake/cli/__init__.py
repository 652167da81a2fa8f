"""The `runwake` command, one file per subcommand."""
