"""Use cases: what may happen to projects, runs and their history. No HTTP, no SQL. Station 5."""
