"""Nodes as pods of a Kubernetes namespace."""
