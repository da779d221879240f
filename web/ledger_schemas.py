"""The shapes of questions and answers about the ledger of gaps."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic.json_schema import SkipJsonSchema

from web.map_words import clip
from web.schemas import Asked, DatasetName, described

#: A month, such as ``2026-11``.
MONTH_PATTERN = "^20[0-9]{2}-(?:0[1-9]|1[0-2])$"

#: States of a gap.
GapState = Literal["found", "agreed", "being_built", "filled", "refused"]

#: Longest name of a union and longest note (characters).
LONGEST_RESPONSIBLE, LONGEST_NOTE = 100, 500

_STATE = described("", "State of the gap.", "agreed")


def state_code(value: Any) -> Any:
    """Return the code of a state that was written in words.

    Parameters
    ----------
    value : Any
        Such as ``being built``.

    Returns
    -------
    Any
        Such as ``being_built``; what is no text as it is.

    Examples
    --------
    >>> state_code("Being built")
    'being_built'
    """
    if not isinstance(value, str):
        return value
    code = "_".join(value.lower().replace("-", " ").replace("_", " ").split())
    return "being_built" if code == "building" else code


class GapsQuestion(Asked):
    """Asks for the ledger."""

    state: Annotated[GapState | SkipJsonSchema[None], _STATE] = None
    region: Annotated[
        str | SkipJsonSchema[None],
        described("", "Id of one region of the dataset (adcode).", "360102", max_length=64),
    ] = None
    month: Annotated[
        str | SkipJsonSchema[None],
        described("", "As the cut of this month left it.", "2026-11", pattern=MONTH_PATTERN),
    ] = None

    @field_validator("state", mode="before")
    @classmethod
    def _code(cls, value: Any) -> Any:
        """Take a state in words, too."""
        return state_code(value)


class GapChange(Asked):
    """Sets what is known of a gap; what is absent stays, and something must be there."""

    state: Annotated[GapState | SkipJsonSchema[None], _STATE] = None
    responsible: Annotated[
        Annotated[str, StringConstraints(max_length=LONGEST_RESPONSIBLE)] | SkipJsonSchema[None],
        described("", "The union that sees to it.", "东湖区总工会"),
    ] = None
    note: Annotated[
        Annotated[str, StringConstraints(max_length=LONGEST_NOTE)] | SkipJsonSchema[None],
        described("", "In one's own words.", "与社区商定，明年三月动工"),
    ] = None

    @field_validator("state", mode="before")
    @classmethod
    def _code(cls, value: Any) -> Any:
        """Take a state in words, too."""
        return state_code(value)

    def given(self) -> dict[str, str]:
        """Return what shall be set.

        Returns
        -------
        dict of str to str
            Texts on one line, without control characters.
        """
        told = {"responsible": LONGEST_RESPONSIBLE, "note": LONGEST_NOTE}
        found = {
            name: clip(getattr(self, name), longest)
            for name, longest in told.items()
            if getattr(self, name) is not None
        }
        return found if self.state is None else {"state": self.state, **found}


class _Answer(BaseModel):
    """An answer; more members may come."""

    model_config = ConfigDict(extra="allow")


class LedgerGap(_Answer):
    """A gap in the ledger."""

    id: Annotated[str, Field(description="The same for good.")]
    region: str
    region_name: str
    state: GapState
    responsible: str
    note: str
    since: Annotated[str, Field(description="Date of the cut that first saw it.")]
    changed: Annotated[str, Field(description="When state, union or note were last set.")]
    filled: Annotated[str | None, Field(description="Date of the cut that saw it no more.")]
    open: Annotated[bool, Field(description="Whether the last cut saw it.")]
    from_: Annotated[list[str], Field(alias="from", description="Gaps that it was part of before.")]
    into: Annotated[str | None, Field(description="The gap that took it up.")]
    area_km2: float
    workers: Annotated[float | None, Field(description="From published cells, rounded.")]
    suppressed: bool
    cause: str | None
    also: list[str]
    nearest_seconds: float | None
    nearest_station: str | None
    lon: Annotated[float | None, Field(description="A point in the gap (degrees, WGS-84).")]
    lat: float | None
    near: Annotated[str | None, Field(description="The nearest named street, or two that meet.")]
    near_en: Annotated[str | None, Field(description="The same with the map's English names.")]
    etag: Annotated[str, Field(description="For `If-Match`.")]


class GapHistory(LedgerGap):
    """A gap with everything that became of it."""

    history: list[dict[str, str]]


class GapsAnswer(_Answer):
    """The ledger, and the sums of a month: opened - filled + carried = open."""

    month: Annotated[str | None, Field(description="Of the cut; null: nothing was cut yet.")]
    date: str | None
    opened: int
    filled: int
    carried: int
    open: int
    total: int
    states: dict[str, int]
    months: list[str]
    lost: Annotated[list[str], Field(description="Months that lie there, unknown to the ledger.")]
    other_dataset: Annotated[
        bool, Field(description="Its cells are not those of the dataset: it can only be read.")
    ]
    count: int
    dataset: DatasetName
    gaps: list[LedgerGap]
