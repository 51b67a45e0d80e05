"""The Model Context Protocol: one set of tools, and its two doors, `/mcp` of the server and `ennio mcp`."""
