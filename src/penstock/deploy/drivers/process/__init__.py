"""Nodes as processes of this machine, on Unix sockets."""
