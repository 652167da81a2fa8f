"""The shipped test kit: one conformance class per port, an in-process server, builders."""
