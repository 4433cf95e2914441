"""Files one can hold in the head, under names that say what is inside."""

from __future__ import annotations

import re

from tests.architecture import sources

_CODE = ("marketplace", "workers", "tests", "bench")
_LONGEST_FILE = 400
_LONGEST_FUNCTION = 60
_SAY_NOTHING = frozenset(
    {"utils", "util", "helpers", "helper", "services", "service", "constants", "managers", "misc"}
)
# A fake server is assembled from parts; "service" there is what Stripe calls itself.
_STRIPES_OWN_WORDS = frozenset({"marketplace/demo/fake_stripe/service.py"})
_UNFINISHED = re.compile(
    r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|pytest\.mark\.(skip|xfail)"
)
_THIS_TEST = "tests/architecture/test_sizes_and_names.py"


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {
        str(path): len((sources.ROOT / path).read_text().splitlines())
        for path in sources.modules(*_CODE)
    }

    assert {path: length for path, length in lengths.items() if length > _LONGEST_FILE} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    lengths = {
        f"{path}:{function.lineno} {function.name}": (function.end_lineno or 0)
        - function.lineno
        + 1
        for path, tree in sources.modules(*_CODE).items()
        for function in sources.functions(tree)
    }

    assert lengths
    assert {name: length for name, length in lengths.items() if length > _LONGEST_FUNCTION} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = {
        str(path)
        for path in sources.modules(*_CODE)
        # tests/service/ is named after what its tests are about.
        if _SAY_NOTHING & {path.stem, *(path.parts[:-1] if path.parts[0] != "tests" else ())}
    }

    assert named - _STRIPES_OWN_WORDS == set()


def test_nothing_is_left_for_later() -> None:
    left = {
        f"{path}:{number}"
        for path in sources.modules(*_CODE)
        if str(path) != _THIS_TEST
        for number, line in enumerate((sources.ROOT / path).read_text().splitlines(), start=1)
        if _UNFINISHED.search(line)
    }

    assert left == set()


def test_every_module_postpones_annotations() -> None:
    eager = {
        str(path)
        for path, tree in sources.modules(*_CODE).items()
        if any(True for _ in sources.functions(tree))
        and "from __future__ import annotations" not in (sources.ROOT / path).read_text()
    }

    assert eager == set()
