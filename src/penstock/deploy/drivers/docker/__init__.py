"""Nodes as containers of one Docker engine."""
