"""Below the application: sockets, HTTP/1.1, and the two ends of a connection."""
