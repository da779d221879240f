"""How one asks: HTTP, the command line and maps. The only package that reads and computes."""
