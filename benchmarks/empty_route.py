"""An empty FastAPI route with the response model of ``nearest``: what HTTP itself costs.

The route computes nothing: it returns the one answer that it was given at start, which FastAPI
validates by the response model and writes as JSON, as it does for any route that has one.
"""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from web import schemas


def create_app(answer: dict[str, Any]) -> FastAPI:
    """Return the app: one route that returns a ready answer, one that says it is up."""
    app = FastAPI()

    @app.post("/api/v1/nearest", response_model=schemas.NearestAnswer)
    async def nearest(question: schemas.NearestQuestion) -> Any:  # noqa: ARG001  read, as ours is
        return answer

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


if __name__ == "__main__":
    port, path = sys.argv[1:]
    ready = create_app(json.loads(Path(path).read_text(encoding="utf-8")))
    uvicorn.run(ready, host="127.0.0.1", port=int(port), access_log=False, log_level="warning")
