"""Nodes as services of a Docker swarm, one each, on whichever machine has room."""
