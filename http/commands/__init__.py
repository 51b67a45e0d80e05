"""What `ennio` does, one idea a file; `http/cli.py` has the words."""
