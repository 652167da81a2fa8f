"""The demo: real models on data that scikit-learn ships, trained against a real server.

`train` is one training script like anybody's; the rest starts the server, starts the trainers and
checks at the end that every row that they logged has arrived.
"""
