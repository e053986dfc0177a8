"""Several databases as one: each answers its part, and the parts are joined here."""

from penstock.engine.federation.federation import Federation

__all__ = ["Federation"]
