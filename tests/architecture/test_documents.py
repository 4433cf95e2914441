"""What the documents say of the code is there, and what is there is said."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture import sources

_DOCS = sources.ROOT / "docs"
_RECORDS = sorted((_DOCS / "adr").glob("[0-9]*.md"))
_PAGES = sorted([*sources.ROOT.glob("*.md"), *_DOCS.rglob("*.md")])
_HEADINGS = ["Context", "Decision", "Consequences", "Alternatives", "References"]
_PAGE = 70
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
_SECTION = re.compile(r"^### `(\w+)`\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_EXTRAS = re.compile(r"\[[a-z,]+\]")


def _name(path: Path) -> str:
    return str(path.relative_to(sources.ROOT))


class TestDecisionRecords:
    def test_are_numbered_without_a_gap(self) -> None:
        numbers = [int(record.name[:4]) for record in _RECORDS]

        assert numbers == list(range(1, len(_RECORDS) + 1))
        assert len(numbers) >= 9

    @pytest.mark.parametrize("record", _RECORDS, ids=_name)
    def test_have_five_headings_a_status_and_one_page(self, record: Path) -> None:
        text = record.read_text()

        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == _HEADINGS
        assert re.search(r"^# \d{4} \S", text)
        assert re.search(r"^Status: (Accepted|Replaced by \d{4})$", text, re.MULTILINE)
        assert len(text.splitlines()) <= _PAGE

    def test_are_all_in_the_index(self) -> None:
        index = (_DOCS / "adr" / "README.md").read_text()

        assert [record.name for record in _RECORDS if f"({record.name})" not in index] == []

    def test_give_a_reason_for_every_dependency(self) -> None:
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for record in _RECORDS
            for line in record.read_text().splitlines()
            if line.startswith("| ")
        ]
        explained = {
            _EXTRAS.sub("", name)
            for package, reason, *_ in rows
            if reason
            for name in re.findall("`(.+?)`", package)
        }

        assert _python_packages() | _npm_packages() <= explained

    def test_explain_no_dependency_that_is_gone(self) -> None:
        tables = "\n".join(
            (_DOCS / "adr" / name).read_text() for name in ("0003-dependencies.md", "0012-tools.md")
        )
        explained = {
            _EXTRAS.sub("", name)
            for row in re.findall(r"^\| (.+?) \|", tables, re.MULTILINE)
            for name in re.findall("`(.+?)`", re.sub(r"\(.*?\)", "", row))
        }

        assert explained - _python_packages() - _npm_packages() == {"uv"}


class TestGlossary:
    def test_lists_every_state_and_kind_of_the_models(self) -> None:
        listed = {
            name: set(_MEMBER.findall(body))
            for name, body in _SECTION.findall((_DOCS / "glossary.md").read_text())
        }

        assert listed == _enums()

    def test_says_each_thing_in_one_sentence(self) -> None:
        rows = [
            line.strip("|").split("|")
            for line in (_DOCS / "glossary.md").read_text().splitlines()
            if line.startswith("| ") and not line.startswith(("| Korean", "| code"))
        ]

        assert len(rows) > 100
        assert [row for row in rows if len(row) != 3 or not row[2].strip().endswith(".")] == []

    def test_knows_every_table(self) -> None:
        glossary = (_DOCS / "glossary.md").read_text()

        assert [name for name in _tables() if f"`{name}`" not in glossary] == []


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
class TestReadme:
    def test_maps_every_package(self, readme: str) -> None:
        text = (sources.ROOT / readme).read_text()
        packages = {init.parent.name for init in sources.ROOT.glob("marketplace/*/__init__.py")}

        assert {name for name in packages if f"`{name}`" not in text} == set()

    def test_names_every_setting(self, readme: str) -> None:
        text = (sources.ROOT / readme).read_text()

        assert {name for name in _settings() if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_links_lead_to_files(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text()) if "://" not in link]

    # A missing picture of a page is taken by `make screenshots`.
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_documents_speak_of_no_single_machine(page: Path) -> None:
    foreign = re.findall(r"/(?:home|root|Users|work|tmp)/\S+", page.read_text())

    assert foreign == []


def _python_packages() -> set[str]:
    project = tomllib.loads((sources.ROOT / "pyproject.toml").read_text())
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        project["build-system"]["requires"],
    ]
    return {
        found.group()
        for group in groups
        for requirement in group
        if (found := _NAME.match(requirement))
    }


def _npm_packages() -> set[str]:
    package = json.loads((sources.ROOT / "package.json").read_text())
    return {*package["dependencies"], *package["devDependencies"]}


def _enums() -> dict[str, set[str]]:
    return {
        node.name: {
            str(ast.literal_eval(member.value))
            for member in node.body
            if isinstance(member, ast.Assign)
        }
        for tree in _models()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and _inherits(node, "StrEnum")
    }


def _tables() -> list[str]:
    return [
        node.name
        for tree in _models()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and _inherits(node, "Base")
    ]


def _inherits(node: ast.ClassDef, base: str) -> bool:
    return any(ast.unparse(found).rpartition(".")[2] == base for found in node.bases)


def _models() -> list[ast.Module]:
    trees = [
        tree
        for path, tree in sources.modules("marketplace").items()
        if path.name.endswith("models.py") or path.parts[-2:] == ("core", "outbox.py")
    ]
    assert len(trees) > 10
    return trees


def _settings() -> set[str]:
    tree = sources.modules("marketplace")[Path("marketplace/core/settings.py")]
    named = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[A-Z][A-Z_]{3,}", node.value)
    }
    operator = next(
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Operator"
    )
    fields = {
        f"OPERATOR_{node.target.id.upper()}"
        for node in operator.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    assert {"SECRET_KEY", "DATABASE_URL", "OPERATOR_NAME"} <= named | fields
    return (named | fields) - {"OPERATOR_"}
