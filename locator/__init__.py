"""What follows from streets, stations and hours: nearest, coverage, gaps.

Only arrays go in and out; nothing here opens a file, a socket or a page.
"""

from locator.changes import Changes, NewStation
from locator.clock import ClockAnswer
from locator.coverage_answer import CoverageAnswer
from locator.index import Index
from locator.nearest import NearestAnswer
from locator.scenario import ScenarioAnswer

__all__ = [
    "Changes",
    "ClockAnswer",
    "CoverageAnswer",
    "Index",
    "NearestAnswer",
    "NewStation",
    "ScenarioAnswer",
]
