"""Where font files lie that have simplified Chinese: a Python package, the system, the user."""

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

#: Names of font files that hold simplified Chinese, best first, and of their bold cuts.
REGULAR = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "NotoSansSC-Regular.ttf",
    "NotoSansSC*.[ot]tf",
    "SourceHanSans-Regular.ttc",
    "SourceHanSans*-Regular.[ot]t[fc]",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallback*.ttf",
    "simhei.ttf",
    "STHeiti*.ttc",
)
BOLD = ("NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold.otf", "NotoSansSC-Bold.[ot]tf", "msyhbd.ttc")
_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
_PACKAGE = ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf")
_ENDINGS = frozenset({".ttf", ".otf", ".ttc"})


def find_font(patterns: Sequence[str]) -> Path | None:
    """Return the first font file of these names.

    Parameters
    ----------
    patterns : sequence of str
        File names with wild cards, best first.

    Returns
    -------
    Path or None
        Of the Python package, of the system's folders or of the user's.
    """
    package, name = _PACKAGE
    spec = importlib.util.find_spec(package)
    if spec is not None and spec.origin is not None and name in patterns:
        return Path(spec.origin).parent / name
    home = Path.home()
    folders = [*map(Path, _FOLDERS), home / ".fonts", home / ".local/share/fonts"]
    files = [path for folder in folders if folder.is_dir() for path in _files(folder)]
    for pattern in patterns:
        fitting = sorted(path for path in files if path.match(pattern))
        if fitting:
            return fitting[0]
    return None


def _files(folder: Path) -> Iterator[Path]:
    """Yield the font files below a folder."""
    yield from (path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
