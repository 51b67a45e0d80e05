"""Trackers and code hosts: what each vendor calls things, over one way to ask."""
