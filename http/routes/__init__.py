"""The calls of the API, one blueprint a file."""
