"""What the server writes to its log: lines for people or JSON for machines, neither with secrets.

Modules log what they need to and leave credentials out. The formatters here see to it a second time, for
messages and tracebacks of any library: what looks like a key, a token or a personal link does not get through.
Called by the command line before the server starts.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import sys
from typing import Any, Dict, Optional, TextIO

from ftrack_review._terminal import harmless

__all__ = ["FORMATS", "configure", "redact"]

#: The formats that can be chosen.
FORMATS = ("text", "json")

_SECRETS = (
    # key=value in queries, "key": "value" in JSON and reprs, key: value in headers.
    (
        re.compile(
            r"(?i)((?:api|private|secret)[-_]?key|\w*token|password|passphrase|secret|signature|signed_url|"
            r"authorization|cookie)(\\?['\"]?\s*[=:]\s*(?:b?\\?['\"])?)(?:(?:Basic|Bearer) )?[^\s'\"&,;)}\\]+"
        ),
        r"\1\2...",
    ),
    # The header as a pair, as ASGI has it.
    (re.compile(r"(?i)(b?['\"]ftrack-api-key['\"], b?['\"])[^'\"]+"), r"\1..."),
    # Personal links and sockets carry theirs in the path.
    (re.compile(r"(/review/)[A-Za-z0-9_-]{20,}"), r"\1..."),
    (re.compile(r"(/socket\.io/1/[a-z-]+/)[^\s/?'\"]+"), r"\1..."),
    # The password of a database.
    (re.compile(r"(\w://[^\s:/@]+:)[^\s@/]+@"), r"\1...@"),
)

# Attributes of every record; what is there besides was given as `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# At their lower levels these tell whole packets and headers.
_TALKATIVE = ("asyncio", "uvicorn", "uvicorn.error", "websockets")


def redact(text: str) -> str:
    """Return *text* without what looks like a secret in it."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class TextFormatter(logging.Formatter):
    """One line for people, followed by the traceback where there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of *record*, in which nothing steers a terminal."""
        return harmless(redact(super().format(record)))


class JsonFormatter(logging.Formatter):
    """One JSON object on one line: time, level, logger, message, what the record has besides, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of *record*."""
        entry: Dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.timezone.utc).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        for name, value in vars(record).items():
            if name not in _USUAL and name not in entry:
                is_plain = value is None or isinstance(value, (bool, int, float))
                entry[name] = value if is_plain else redact(str(value))
        if record.exc_info and record.exc_info[0] is not None:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def configure(*, level: str, format: str = "text", stream: Optional[TextIO] = None) -> None:
    """Send records of *level* and above to *stream*, the standard error output if not given.

    *format* is one of :data:`FORMATS`.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(root.level, logging.INFO))
