"""The SDK: `init`, `Run` and its parts. Station 1 of a logged value.

Nothing here waits for a network, and nothing raises into a training loop but the programmer's own
errors. numpy, torch and Pillow are never imported to find out what a value is.
"""
