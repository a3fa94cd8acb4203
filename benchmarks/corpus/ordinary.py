"""Ordinary prose and ordinary code, as they come: nobody wrote them for a filter.

Both are read from what is installed where this runs: the language's own reference, what packages say about themselves,
Django's Chinese texts; and source files in several languages. Nothing of it is kept. Drawn sentences go in between,
since people write to an assistant otherwise than to the users of a library.
"""

import gettext
import re
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path
from random import Random

import django

CODE = (
    ".py",
    ".js",
    ".css",
    ".html",
    ".h",
    ".hpp",
    ".c",
    ".pyx",
    ".pxd",
    ".sh",
    ".toml",
    ".json",
    ".yaml",
    ".yml",
    ".cfg",
    ".sql",
    ".xml",
)
# What is full of examples of what is sensitive: tests, and what is about that very subject.
UNUSUAL = frozenset({"test", "tests", "idle_test", "testing", "presidio_analyzer", "faker", "detect_secrets"})
LINES = 40
# As often found as drawn.
FOUND = 0.5
SHORTEST, LONGEST = 20, 200
LONGEST_LINE, LARGEST_FILE = 400, 400_000
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w")
WHO = (
    "My colleague",
    "The new intern",
    "Our landlord",
    "My sister",
    "The teacher",
    "A friend from Leeds",
    "The committee",
    "Nobody",
    "The dentist",
    "My neighbour",
)
DOES = (
    "wants to know",
    "keeps asking",
    "told me",
    "is not sure",
    "wrote a long letter about",
    "forgot",
    "finally explained",
    "laughed about",
    "can't decide",
)
WHAT = (
    "how sourdough works",
    "why the tests fail on Fridays",
    "whether to repaint the kitchen",
    "what a monad is",
    "how to thank a stranger",
    "which train goes to the coast",
    "when the library opens",
    "why the recursion never ends",
    "how tall the tower is",
    "what to cook for nine people",
)
THEN = (
    "and I have no idea either",
    "so please explain it simply",
    "which seems odd to me",
    "but that was years ago",
    "because the manual says nothing",
    "even though we agreed otherwise",
    "and it made my day",
    "before the guests arrive at eight",
)
WER = ("我的同事", "隔壁的邻居", "房东", "我妹妹", "新来的实习生", "老师", "客服", "大家")
TUT = ("想知道", "一直在问", "告诉我", "不太确定", "忘记了", "终于讲清楚了", "写信问过")
WAS = (
    "怎样写一封道歉信",
    "为什么测试总在周五失败",
    "厨房要不要重新刷",
    "什么是递归",
    "去海边坐哪趟车",
    "图书馆几点开门",
    "九个人吃什么菜",
    "这段代码为什么这么慢",
)
DANN = (
    "我也说不清楚",
    "请用简单的话解释一下",
    "可是已经过去好几年了",
    "说明书里没有写",
    "客人八点就到",
    "让我高兴了一整天",
)


def english(draw: Random) -> str:
    """Return a paragraph of English."""
    if draw.random() < FOUND:
        return draw.choice(_english_found())
    sentences = (
        f"{draw.choice(WHO)} {draw.choice(DOES)} {draw.choice(WHAT)}, {draw.choice(THEN)}."
        for _ in range(draw.randint(1, 5))
    )
    return " ".join(sentences)


def chinese(draw: Random) -> str:
    """Return a paragraph of Chinese."""
    if draw.random() < FOUND:
        return "".join(draw.choices(_chinese_found(), k=draw.randint(1, 5)))
    sentences = (
        f"{draw.choice(WER)}{draw.choice(TUT)}{draw.choice(WAS)}，{draw.choice(DANN)}。"
        for _ in range(draw.randint(1, 5))
    )
    return "".join(sentences)


def code(draw: Random) -> str:
    """Return some lines in a row of a source file, of one language as likely as of another, with nobody's address.

    Authors sign what they write. To mask that is what the filter is for, and how often they do depends on what is
    installed.
    """
    while True:
        path = draw.choice(_files()[draw.choice(list(_files()))])
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        start = draw.randrange(max(1, len(lines) - LINES))
        chosen = lines[start : start + LINES]
        found = "\n".join(chosen)
        if chosen and max(map(len, chosen)) <= LONGEST_LINE and not ADDRESS.search(found):
            return found


def words_in(text: str) -> int:
    """Return how many words a text has: of Chinese, two characters are one."""
    return len(re.findall(r"[^\W\u4e00-\u9fff]+", text)) + len(re.findall(r"[\u4e00-\u9fff]", text)) // 2


@cache
def _english_found() -> tuple[str, ...]:
    topics = import_module("pydoc_data.topics").topics.values()
    readmes = (
        (found.read_text("METADATA") or "").partition("\n\n")[2]
        for found in sorted(distributions(), key=lambda found: found.metadata["Name"])
    )
    return tuple(paragraph for text in (*topics, *readmes) for paragraph in _paragraphs(str(text)))


def _paragraphs(text: str) -> Iterator[str]:
    """Yield what reads as prose: some words in a row, hardly a sign of code, and nobody's address."""
    for paragraph in re.split(r"\n\s*\n", text):
        one = " ".join(paragraph.split())
        if (
            SHORTEST <= words_in(one) <= LONGEST
            and "@" not in one
            and sum(one.count(sign) for sign in "{}<>|=_;`[]") <= len(one) // 50
        ):
            yield one


@cache
def _chinese_found() -> tuple[str, ...]:
    texts = set[str]()
    for path in sorted(Path(django.__file__).parent.rglob("zh_Hans/LC_MESSAGES/django.mo")):
        with path.open("rb") as file:
            texts |= {
                text
                for text in vars(gettext.GNUTranslations(file))["_catalog"].values()
                if text.endswith(("。", "！", "？"))
            }
    return tuple(sorted(texts))


@cache
def _files() -> dict[str, list[Path]]:
    """Return source files by how their names end, but for those in `UNUSUAL`."""
    roots = {Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")}
    found = sorted({path for root in roots for path in root.rglob("*.*") if path.suffix in CODE and _is_ordinary(path)})
    by_suffix = {suffix: [path for path in found if path.suffix == suffix] for suffix in CODE}
    return {suffix: paths for suffix, paths in by_suffix.items() if paths}


def _is_ordinary(path: Path) -> bool:
    return (
        not UNUSUAL.intersection(path.parts)
        and ".min." not in path.name
        and path.is_file()
        and path.stat().st_size < LARGEST_FILE
    )
