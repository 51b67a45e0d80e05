"""`ennio top`: the sessions in a terminal, by what needs a human first. Stands on the client alone."""
