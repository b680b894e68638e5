"""An adapter for requests that answers from a list: connections without a socket."""

from __future__ import annotations

import io
import json

import requests
import requests.adapters
import requests.exceptions
import urllib3


class ScriptedAdapter(requests.adapters.BaseAdapter):
    """Give *answers* in turn; each is an exception to raise or (status, headers, body)."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)
        self.requests = []
        self.bodies = []
        self.arguments = []

    def send(self, request, **arguments):
        self.requests.append(request)
        self.arguments.append(arguments)
        body = request.body
        if body is not None and not isinstance(body, (str, bytes)):
            body = b"".join(body)
        self.bodies.append(body)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            answer = answer(request, body)
        return respond(request, *answer)

    def close(self):
        """Have nothing to close."""


def respond(request, status=200, headers=None, body=b""):
    """Return what requests makes of such an answer, its body still to be read."""
    response = requests.Response()
    response.status_code = status
    response.headers = requests.structures.CaseInsensitiveDict(headers or {})
    stream = body if hasattr(body, "read") else io.BytesIO(body)
    response.raw = urllib3.HTTPResponse(
        body=stream, headers=response.headers, status=status, preload_content=False
    )
    response.url = request.url
    response.request = request
    return response


def as_json(value, status=200, **headers):
    """Return an answer of JSON."""
    return status, {"content-type": "application/json", **headers}, json.dumps(value).encode()
