"""Entity tags: an answer that has not changed is not sent again (RFC 9110)."""

from fastapi import Request, Response


def unchanged(request: Request, etag: str) -> bool:
    """Return whether the caller has this answer already.

    Parameters
    ----------
    request : Request
        With or without ``If-None-Match``.
    etag : str
        Of the answer.

    Returns
    -------
    bool
        By weak comparison; ``*`` matches anything.
    """
    known = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    return "*" in known or etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in known}


def cached(
    content: bytes, etag: str, *, status: int = 200, media_type: str = "application/json"
) -> Response:
    """Return an answer that may be kept, but has to be asked for again.

    Parameters
    ----------
    content : bytes
        The answer; empty with status 304.
    etag : str
        Its tag.
    status : int, optional
        HTTP status.
    media_type : str, optional
        Of the answer.

    Returns
    -------
    Response
        With ``ETag`` and ``Cache-Control: no-cache``.
    """
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    kind = None if status == 304 else media_type  # noqa: PLR2004  not modified
    return Response(content, status_code=status, media_type=kind, headers=headers)
