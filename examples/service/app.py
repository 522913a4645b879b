"""A web service: uvicorn app:app, with the bundle in the variable EDGERNN_BUNDLE.

A classifier is opened once, and the threads of the server share it.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

import edgernn_runtime

SAMPLE = Path(__file__).parents[1] / "sentiment" / "sentiment.edgernn"


class Texts(BaseModel):
    """The body of a request; the limits bound the time that it takes."""

    texts: Annotated[list[Annotated[str, Field(max_length=20_000)]], Field(max_length=100)]


class Label(BaseModel):
    """The prediction for a text; without a label if none reaches its threshold."""

    label: str | None
    probability: float


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the bundle when the server starts, and close it when it ends."""
    with edgernn_runtime.load(os.environ.get("EDGERNN_BUNDLE", SAMPLE)) as classifier:
        app.state.classifier = classifier
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/classify")
def classify(body: Texts, request: Request) -> list[Label]:
    """Classify texts."""
    predictions = map(request.app.state.classifier.predict, body.texts)
    return [Label(label=one.label, probability=one.probability) for one in predictions]


@app.get("/health")
def health(request: Request) -> dict[str, bool]:
    """Run the bundle's self-test on this machine."""
    return {"passed": request.app.state.classifier.self_test().passed}
