"""Runwake: open-source, self-hosted experiment tracking for machine learning."""
