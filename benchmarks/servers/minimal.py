"""The least that uvicorn needs to do the same work: one path, no check, no figures, no limits, no log."""

import json
import os
from pathlib import Path

from work import image_of, load

WORK = load(Path(os.environ["MODEL"]))
HEADERS = [(b"content-type", b"application/json")]


async def app(scope, receive, send) -> None:
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    answer = json.dumps({"jsonData": WORK(image_of(body))}).encode()
    headers = [*HEADERS, (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
