"""Who may do what: the only door to an object."""
