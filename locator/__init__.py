"""What follows from streets, stations and hours: nearest, coverage, gaps.

Only arrays go in and out; nothing here opens a file, a socket or a page.
"""

from locator.clock import ClockAnswer
from locator.index import CoverageAnswer, Index
from locator.nearest import NearestAnswer

__all__ = ["ClockAnswer", "CoverageAnswer", "Index", "NearestAnswer"]
