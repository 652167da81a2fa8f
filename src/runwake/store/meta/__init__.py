"""Metadata in SQL: entities, projects, runs, files. Station 6."""
