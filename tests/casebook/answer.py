"""Answer one request of the casebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marketplace.core import json_fields
from marketplace.core.errors import DomainError
from tests.casebook.ops import OPS

_NO_ID = "?"


def answer_line(line: str) -> str:
    """Return the response to one line of JSON, as one line of JSON."""
    try:
        request = json_fields.loads(line)
    except DomainError as error:
        return _written({"id": _NO_ID, "exception": str(error)})
    if not isinstance(request, dict) or not {"id", "op", "given"} <= request.keys():
        return _written({"id": _NO_ID, "exception": "a request has id, op and given"})
    return _written(answer(request))


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response to one request; what goes wrong is an answer too."""
    op = OPS.get(request["op"])
    if op is None:
        return {"id": request["id"], "unsupported": f"op {request['op']} is not answered yet"}
    try:
        return {"id": request["id"], "result": op(request["given"])}
    except DomainError as error:
        return {"id": request["id"], "exception": f"{error.code}: {error}"}
    except Exception as error:
        # One bad case must not silence the ones after it.
        return {"id": request["id"], "exception": f"{type(error).__name__}: {error}"}


def _written(response: Mapping[str, Any]) -> str:
    return json.dumps(response, ensure_ascii=False)
