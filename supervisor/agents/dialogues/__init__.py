"""The languages of agents, one a file, without any I/O; tested on recordings of the real programs."""
