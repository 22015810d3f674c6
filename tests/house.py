"""What the house rules forbid, as functions from a folder to complaints. Knows rules, no module's purpose.

Every function reads source text only (nothing is imported), takes the folder of a project like this one and gives one
sentence for each breach: none where the rules are kept.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

PRODUCT = ("dashboard.py", "server.py", "run.py", "pages", "impact", "connectors", "benchmarks")
LONGEST = {"pages": 70, "impact": 350, "connectors": 350, "benchmarks": 350, "run.py": 350, "tests": 400}
FORBIDDEN = (
    (r"/[w]ork/|/[t]mp/[a-z]", "a path of one machine"),
    (r"\b([i]ssue|[t]ask) #?[0-9]+\b", "a number that only its tracker knows"),
    (r"\b([T]ODO|[F]IXME|[X]XX)\b", "unfinished work"),
    (r"\b([t]his|[p]revious) session\b", "the work instead of the product"),
    (r"raise [N]otImplementedError\b|\b[a]ssert True\b", "something that is not there"),
)
TEXTS = (".py", ".md", ".toml", ".txt", ".css", ".html", ".sh", ".example")
UNLISTED_FOLDERS = {".venv", ".git", "data", "build", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


@dataclass(frozen=True)
class Rule:
    """``modules`` may directly import only ``allowed`` of this project's modules (None: any) and, themselves or
    through what they import, none of ``never`` (modules or libraries) but for ``spared``. ``*`` stands for anything."""

    modules: tuple[str, ...]
    why: str
    allowed: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()


OWN = "<own>"
"""Stands in ``Rule.allowed`` for parts of the same connector: ``connectors.files.rows`` may import ``.text``."""
SHARED_CONNECTOR_PARTS = tuple(
    f"connectors.{part}"
    for part in ("http", "links", "paging", "patience", "plain_words", "settings", "values", "words")
)
SCREEN = ("streamlit", "impact.ui", "impact.ui.*", "pages.*", "dashboard")
STORED = ("duckdb", "deltalake", "impact.store", "impact.storage.*", "impact.state")
LIVE = ("impact.sync", "connectors", "connectors.*", "requests", "urllib3")
RULES = (
    Rule(
        ("pages.*", "dashboard"),
        "a page is layout: it takes its data from ui and its words and charts from wording and charts",
        allowed=("impact.ui", "impact.ui.*", "impact.charts", "impact.charts.*", "impact.wording"),
    ),
    Rule(
        ("impact.estimate", "impact.estimation.*"),
        "statistics know arrays only",
        never=(*SCREEN, *STORED, *LIVE, "impact.model", "impact.settings", "impact.metrics", "pandas", "pyarrow"),
    ),
    Rule(("impact.verdict",), "a verdict is a pure function of estimates", never=(*SCREEN, *STORED, *LIVE, "pandas")),
    Rule(("impact.charts", "impact.charts.*"), "a chart is a pure function of data", never=(*SCREEN, *STORED, *LIVE)),
    Rule(
        ("impact.analysis", "impact.groups", "impact.group_*"),
        "analysis reads the store and asks estimate, nothing else",
        never=(*SCREEN, *LIVE),
    ),
    Rule(
        ("impact.store", "impact.storage.*"),
        "the store knows tables; nobody who fills or shows them",
        never=(*SCREEN, *LIVE, "impact.settings", "impact.analysis", "impact.estimate", "impact.demo"),
    ),
    Rule(
        ("impact.state", "impact.keeping", "impact.keeping.*"),
        "records know their own words and one database; nobody who fills or shows them",
        allowed=("impact.keeping.*", "impact.records", "impact.verdict", "impact.metrics", "impact.model"),
        never=(*SCREEN, *LIVE, "impact.settings", "impact.analysis", "impact.demo", "impact.store", "impact.storage.*"),
    ),
    Rule(("impact.model", "impact.metrics"), "the two vocabularies stand alone", allowed=()),
    Rule(
        ("impact.sync", "impact.pulling", "impact.pulling.*"),
        "sync loads connectors by name and hands rows to the store",
        allowed=(
            "connectors",
            "impact.pulling.*",
            "impact.sources",
            "impact.store",
            "impact.settings",
            "impact.model",
            "impact.people",
        ),
        never=(*SCREEN, "impact.analysis", "impact.estimate"),
    ),
    Rule(
        ("connectors.*", "connectors"),
        "a connector knows its vendor and our words, no store, screen or other connector",
        allowed=("connectors", *SHARED_CONNECTOR_PARTS, OWN, "impact.model"),
        never=(*SCREEN, *STORED, "impact.settings", "impact.sync"),
    ),
    Rule(
        ("impact.pack.__main__", "impact.pack.render"),
        "the process that writes a pack starts fast and lays out what was frozen: no statistics, store or screen",
        never=(*SCREEN, *STORED, *LIVE, "numpy", "scipy", "pandas", "impact.portfolio", "impact.settings"),
    ),
    Rule(("impact.*",), "the core knows no vendor", never=("connectors.*",), spared=SHARED_CONNECTOR_PARTS),
    Rule(("run",), "the entry runs before anything is installed", allowed=(), never=("streamlit", "requests")),
)
DOORS = {
    "impact.storage": ("impact.store", "impact.datamodel"),
    "impact.keeping": ("impact.state",),
    "impact.pulling": ("impact.sync",),
    "impact.estimation": (
        "impact.estimate",
        "impact.panel_files",
        "impact.words.*",
        "impact.charts.series",
        "impact.costs",
        "impact.bump_cost",
        "impact.tied_errors",
        "impact.savings",
        "impact.slips",
        "impact.register_totals",
        "impact.readiness_outcome",
    ),
}
"""Folders of parts, and who besides the parts themselves may import one directly."""
SCREENED = ("dashboard", "server", "pages.*", "impact.ui", "impact.ui.*", "benchmarks.*")
"""Who may import Streamlit."""
SCREENS = ("dashboard", "pages.*", "impact.ui", "impact.ui.*")
"""Where texts reach Markdown."""
READ_ONCE = {"os.environ", "os.getenv", "st.secrets", "streamlit.secrets"}
"""What only impact/settings.py reads."""


def import_complaints(root: Path) -> list[str]:
    """Imports in a forbidden direction, and Streamlit outside the pages and ui."""
    trees = dict(_modules(root))
    graph = {name: frozenset(_imports(tree, name, trees)) for name, tree in trees.items()}
    found = set()
    for rule in RULES:
        for name in (name for name in graph if _matches(name, rule.modules)):
            if rule.allowed is not None:
                own = ".".join(name.split(".")[:2])
                allowed = (*rule.allowed, own, f"{own}.*") if OWN in rule.allowed else rule.allowed
                strays = (t for t in graph[name] if t in graph and not _matches(t, allowed))
                found |= {f"{name} imports {target}: {rule.why}" for target in strays}
            for target, way in _reached(name, graph).items():
                if _matches(target, rule.never) and not _matches(target, rule.spared):
                    found.add(f"{' -> '.join(way)}: {rule.why}")
    for door, keepers in DOORS.items():
        for name in (name for name in graph if not _matches(name, (door, f"{door}.*", "benchmarks.*", *keepers))):
            strays = (target for target in graph[name] if target.startswith(f"{door}."))
            found |= {f"{name} imports {target}: the way in is {keepers[0]}" for target in strays}
    for name, targets in graph.items():
        if "streamlit" in targets and not _matches(name, SCREENED):
            found.add(f"{name} imports streamlit: only the pages and ui know the screen")
    return sorted(found)


def environment_complaints(root: Path) -> list[str]:
    """Places other than settings that read the environment or Streamlit's secrets."""
    found = []
    for name, tree in _modules(root):
        if name == "impact.settings" or name.split(".")[0] in ("run", "benchmarks"):
            continue
        for node in ast.walk(tree):
            words: set[str] = set()
            if isinstance(node, ast.Attribute):
                words = {ast.unparse(node)}
            elif isinstance(node, ast.ImportFrom):
                words = {f"{node.module}.{alias.name}" for alias in node.names}
            found += [f"{name} reads {word}: only impact/settings.py does" for word in words & READ_ONCE]
    return found


def quoting_complaints(root: Path) -> list[str]:
    """Values put on screen as Python writes them: Markdown is read there, and an address can ask for anything."""
    found = []
    for name, tree in _modules(root):
        if not _matches(name, SCREENS):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FormattedValue) and node.conversion == ord("r"):
                shown = ast.unparse(node.value)
                found.append(f"{name}:{node.lineno} shows {{{shown}!r}}, which Markdown reads: quoted({shown})")
    return found


def length_complaints(root: Path) -> list[str]:
    """Modules longer than one idea takes."""
    found = []
    for path in _sources(root, (*PRODUCT, "tests")):
        limit = LONGEST.get(path.relative_to(root).parts[0], LONGEST["impact"])
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > limit:
            found.append(f"{path.relative_to(root)} has {lines} lines; at most {limit}")
    return found


def docstring_complaints(root: Path) -> list[str]:
    """Modules whose first line does not say what they know."""
    found = []
    for path in _sources(root, (*PRODUCT, "tests")):
        text = path.read_text(encoding="utf-8")
        first = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
        if text.strip() and len(first.split()) < 3:
            found.append(f"{path.relative_to(root)} does not say in its first line what it knows")
    return found


def word_complaints(root: Path) -> list[str]:
    """Text that speaks of one machine or of the work on the product instead of the product."""
    found = []
    for path in sorted(_texts(root)):
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            for pattern, what in FORBIDDEN:
                if match := re.search(pattern, line, re.IGNORECASE if "#" in pattern else 0):
                    found.append(f"{path.relative_to(root)}:{number} has {match[0]!r}: {what}")
    return found


def third_party(root: Path, folders: Iterable[str]) -> dict[str, str]:
    """Every library imported below these files and folders, with one place that imports it."""
    found: dict[str, str] = {}
    for path in _sources(root, folders):
        for target in _imports(ast.parse(path.read_text(encoding="utf-8")), "", ()):
            top = target.split(".")[0]
            ours = (root / top).is_dir() or (root / f"{top}.py").is_file()
            if not ours and top not in sys.stdlib_module_names:
                found.setdefault(top, str(path.relative_to(root)))
    return found


def _sources(root: Path, places: Iterable[str]) -> Iterator[Path]:
    for place in places:
        path = root / place
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _texts(root: Path) -> Iterator[Path]:
    for path in root.iterdir():
        if path.name in UNLISTED_FOLDERS or path.name == "secrets.toml":
            continue
        if path.is_dir():
            yield from _texts(path)
        elif path.suffix in TEXTS or path.parent.name == ".ci":
            yield path


def _modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in _sources(root, PRODUCT):
        parts = list(path.relative_to(root).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.AST, name: str, ours: Collection[str]) -> Iterator[str]:
    """What a tree imports anywhere, also inside functions: this project's modules by full name (``from impact import
    store`` is impact.store), libraries by their first name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = name.split(".")[: -node.level] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            named = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for whole in named:
            parts = whole.split(".")
            candidates = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
            yield next((candidate for candidate in candidates if candidate in ours), parts[0])


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _reached(start: str, graph: dict[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """Everything ``start`` imports, directly or through others, each with the shortest way there."""
    ways: dict[str, tuple[str, ...]] = {}
    front = [(start, (start,))]
    while front:
        following = []
        for name, way in front:
            for target in sorted(graph.get(name, ())):
                if target not in ways and target != start:
                    ways[target] = (*way, target)
                    following.append((target, ways[target]))
        front = following
    return ways
