"""An empty FastAPI route with the response model of ``nearest``: what HTTP itself costs."""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, Request

from web import schemas

ANSWER: dict[str, Any] = {}


def create_app() -> FastAPI:
    """Return the app: one route that returns a ready answer, one that says it is up."""
    app = FastAPI()

    @app.post("/api/v1/nearest", response_model=schemas.NearestAnswer)
    async def nearest(question: schemas.NearestQuestion, request: Request) -> Any:  # noqa: ARG001
        return ANSWER

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(), host="127.0.0.1", port=int(sys.argv[1]), access_log=False)
