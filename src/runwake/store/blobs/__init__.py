"""Content-addressed bytes through obstore. Station 6."""
