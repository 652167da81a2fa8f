"""The process that ships run logs to the server, for ever and by offset. Station 3."""
