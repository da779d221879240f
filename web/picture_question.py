"""What a picture of the coverage may be asked, its limits, and how it is then drawn."""

from typing import Annotated, Literal

from pydantic import Field

from geodata.errors import Fault, LimitError
from web.embed_question import LEAST_SIDE, PICTURE_SIZE, TITLE_LENGTH, Layer
from web.picture_style import Picture
from web.schemas import CoverageQuestion, Language
from web.service import Service
from web.settings import Settings


class PictureQuestion(CoverageQuestion):
    """The question of a coverage, and how to draw it as a picture."""

    width: Annotated[int, Field(description="Width. Unit: px.", ge=LEAST_SIDE)] = PICTURE_SIZE[0]
    height: Annotated[int, Field(description="Height. Unit: px.", ge=LEAST_SIDE)] = PICTURE_SIZE[1]
    scale: Annotated[
        int, Field(description="Pixels of the file for each of these: 2 for print.", ge=1, le=3)
    ] = 1
    lang: Language = None
    theme: Annotated[
        Literal["light", "dark", "auto"],
        Field(description="Light or dark; a picture cannot tell, so that auto is light."),
    ] = "light"
    title: Annotated[
        str, Field(description="Title instead of our own.", max_length=TITLE_LENGTH)
    ] = ""
    district: Annotated[str, Field(description="Id of a region to zoom to.", max_length=64)] = ""
    layers: Annotated[list[Layer], Field(description="What is drawn; none: all.")] = []  # noqa: RUF012  pydantic copies it


def picture_asked(
    question: PictureQuestion, service: Service, kind: Literal["png", "svg"]
) -> Picture:
    """Return how a picture is drawn.

    Parameters
    ----------
    question : PictureQuestion
        Checked by its model.
    service : Service
        Its settings and regions.
    kind : str
        ``png`` or ``svg``.

    Returns
    -------
    Picture
        Within the limits.

    Raises
    ------
    LimitError
        Naming each limit passed.
    UnknownRegionError
        If there is no such district.
    """
    settings = service.settings
    over = _over_limits(question, settings)
    if over:
        raise LimitError("; ".join(str(fault) for fault in over), faults=over)
    service.check_region(question.district or None)
    return Picture(
        width=question.width,
        height=question.height,
        scale=question.scale,
        lang=question.lang or settings.map_language,
        theme="dark" if question.theme == "dark" else "light",
        title=question.title,
        district=question.district,
        layers=tuple(sorted(set(question.layers))),
        approval=settings.map_review_number,
        kind=kind,
    )


def _over_limits(question: PictureQuestion, settings: Settings) -> list[Fault]:
    """Return a fault for every limit passed."""
    side, pixels = settings.picture_most_side, settings.picture_most_pixels
    faults = [
        Fault(name, f"at most {side} px (limit picture_most_side)")
        for name, value in (("width", question.width), ("height", question.height))
        if value > side
    ]
    if not faults and question.width * question.height * question.scale**2 > pixels:
        what = f"at most {pixels} pixels with width and height (limit picture_most_pixels)"
        faults.append(Fault("scale", what, "ask for a smaller picture"))
    return faults
