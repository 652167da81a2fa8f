"""What a training script calls: init, log, config, summary, finish, media. Station 1."""
