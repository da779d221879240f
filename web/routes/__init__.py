"""The routes: parse, ask, draw."""
