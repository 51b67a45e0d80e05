"""The languages of agents, one a file, without any I/O. They are tested on recordings of the real programs."""
