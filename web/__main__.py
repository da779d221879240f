"""``python -m web`` is the command ``locator``."""

from web.cli import main

if __name__ == "__main__":
    main()
