"""The peers, each one file: how to install it, start it, and ask it the two questions."""
