"""Read a form-encoded request and refuse what Stripe's own types do not know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from marketplace.demo.fake_stripe.errors import Refusal
from marketplace.payments.stripe_gateway import ACCEPTED_PARAMETERS, REQUEST_OPTIONS

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_INTEGER = re.compile(r"^-?\d{1,18}$")
_DEEPEST = 8

Tree = dict[str, Any]


def parse(pairs: Iterable[tuple[str, str]]) -> Tree:
    """
    Build the nested parameters of `a[b][0]=c` pairs.

    :raises Refusal:
    """
    tree: Tree = {}
    for name, value in pairs:
        match = _NAME.match(name)
        if match is None:
            raise Refusal(400, f"Invalid parameter name: {name}", param=name)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        if len(path) > _DEEPEST:
            raise Refusal(400, f"Parameter nested too deeply: {name}", param=name)
        _plant(tree, path, value)
    return tree


def _plant(tree: Tree, path: list[str], value: str) -> None:
    node = tree
    for key in path[:-1]:
        node = node.setdefault(key or str(len(node)), {})
        if not isinstance(node, dict):
            raise Refusal(400, f"Invalid parameter: {path[0]}", param=path[0])
    node[path[-1] or str(len(node))] = value


def read(operation: str, pairs: Iterable[tuple[str, str]]) -> Tree:
    """
    Return the parameters of an operation with their types.

    :raises Refusal: for an unknown parameter at any depth, or a value of another type.
    """
    return _typed_dict(ACCEPTED_PARAMETERS[operation], parse(pairs), "")


@cache
def _fields(kind: type) -> Mapping[str, object]:
    # The request options are headers and client settings: never in the body.
    hints = get_type_hints(kind, localns={"StripeContext": str, "Mapping": Mapping})
    return {name: hint for name, hint in hints.items() if name not in REQUEST_OPTIONS}


def _typed_dict(kind: type, tree: Tree, where: str) -> Tree:
    known = _fields(kind)
    typed: Tree = {}
    for name, value in tree.items():
        path = f"{where}[{name}]" if where else name
        if name not in known:
            raise Refusal(
                400,
                f"Received unknown parameter: {path}",
                code="parameter_unknown",
                param=path,
            )
        typed[name] = _value(known[name], value, path)
    required: frozenset[str] = getattr(kind, "__required_keys__", frozenset())
    for name in sorted((required & known.keys()) - tree.keys()):
        path = f"{where}[{name}]" if where else name
        raise Refusal(400, f"Missing required param: {path}.", code="parameter_missing", param=path)
    return typed


def _value(hint: object, value: object, path: str) -> object:
    errors: list[Refusal] = []
    for choice in _choices(hint):
        try:
            return _one(choice, value, path)
        except Refusal as refusal:
            errors.append(refusal)
    # The error from deepest inside says most: it names the parameter itself.
    raise max(errors, key=lambda refusal: len(str(refusal.body())))


def _choices(hint: object) -> list[object]:
    if get_origin(hint) in (Union, UnionType):
        choices = [choice for part in get_args(hint) for choice in _choices(part)]
        # A plain string fits every value, so it is tried last.
        return sorted(choices, key=lambda choice: choice is str)
    return [hint]


def _one(hint: object, value: object, path: str) -> object:
    origin = get_origin(hint)
    if isinstance(value, dict):
        return _nested(hint, origin, value, path)
    text = str(value)
    if origin is Literal:
        if text in get_args(hint):
            return text
        raise Refusal(400, f"Invalid {path}: must be one of {get_args(hint)}", param=path)
    if hint is bool:
        if text in ("true", "false"):
            return text == "true"
        raise Refusal(400, f"Invalid boolean: {text}", param=path)
    if hint is int:
        if _INTEGER.match(text):
            return int(text)
        raise Refusal(400, f"Invalid integer: {text}", code="parameter_invalid_integer", param=path)
    if hint is NoneType:
        raise Refusal(400, f"Invalid {path}", param=path)
    if hint is str or hint is Any:
        return text
    raise Refusal(400, f"Invalid object: {path}", param=path)


def _nested(hint: object, origin: object, value: Tree, path: str) -> object:
    if isinstance(hint, type) and hasattr(hint, "__required_keys__"):
        return _typed_dict(hint, value, path)
    if origin is list:
        (item,) = get_args(hint)
        return [_value(item, value[key], f"{path}[{key}]") for key in sorted(value, key=_place)]
    if origin is dict:
        _, item = get_args(hint)
        return {key: _value(item, below, f"{path}[{key}]") for key, below in value.items()}
    raise Refusal(400, f"Invalid {path}", param=path)


def _place(key: str) -> int:
    if not key.isdecimal():
        raise Refusal(400, f"Invalid array index: {key}")
    return int(key)
