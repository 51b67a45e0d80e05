"""What a request must be before a route sees it: who may ask, how, and with what."""
