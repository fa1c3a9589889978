"""The tree of files in README.md, one line a file from the first line of its docstring: `python .ci/readme_tree.py` writes it anew."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- tree: python .ci/readme_tree.py -->", "<!-- end of tree -->"
FOLDERS = ("kernel", "scrapers", "cxrkit")
NOT_A_PACKAGE = {"kernel": "The entry, and the one file that Kaggle runs"}
WIDTH = 34


def tree(root: Path = ROOT) -> str:
    """The tree as a block of Markdown."""
    lines = [line for folder in FOLDERS for line in _folder(root / folder, 0)]
    return "\n".join([BEGIN, "```", *lines, "```", END])


def _folder(folder: Path, depth: int) -> list[str]:
    lines = [_line(folder.name + "/", _docstring(folder / "__init__.py") or NOT_A_PACKAGE.get(folder.name, ""), depth)]
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("__"))
    lines += [
        _line(path.name, "GENERATED: run.py and cxrkit as one readable file" if path.name == "script.py" else _docstring(path), depth + 1)
        for path in files
    ]
    deeper = sorted(path for path in folder.iterdir() if (path / "__init__.py").exists())
    return lines + [line for each in deeper for line in _folder(each, depth + 1)]


def _line(name: str, what: str, depth: int) -> str:
    return f"{'  ' * depth + name:<{WIDTH}} {what}".rstrip()


def _docstring(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) if path.exists() else ""
    return (text or "").partition("\n")[0].rstrip(".")


def rewritten(readme: str) -> str:
    """The README with the tree as the files now say."""
    before, _, rest = readme.partition(BEGIN)
    return before + tree() + rest.partition(END)[2]


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(rewritten(path.read_text("utf-8")), "utf-8")
