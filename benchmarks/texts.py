"""What people and the assistant write: passages of ordinary length, in a few of which something sensitive stands."""
# ruff: noqa: S608 - what is put into the SQL are the texts of this file.

PASSAGES = (
    """Could you help me plan a week of dinners for two people? We do not eat fish, we have about forty minutes on
weekdays, and I would like to use up the lentils and the half pumpkin that are left over from Sunday. A list of what
to buy would be good too, sorted by where things stand in a shop.""",
    """Of course. On Monday a lentil soup with carrots takes 35 minutes, most of which it needs no one. On Tuesday
roast the pumpkin with chickpeas, and keep half of it: on Wednesday it becomes the filling of a pasta bake. Thursday
is for what is left. If you tell me which herbs you have, I can make the list shorter by two or three lines.""",
    """def moving_average(values, size):
    total, window = 0.0, deque()
    for value in values:
        window.append(value)
        total += value
        if len(window) > size:
            total -= window.popleft()
        yield total / len(window)

# 1000 values take 0.3 ms on 3.11.7""",
    """The test fails since version 2.4.1 with `IndexError: list index out of range` in line 118 of parser.py. It
worked on 2025-03-14, and the only change since then is that empty lines at the end of a file are kept. I have tried
to strip them before, which breaks two other tests that count lines. What would you look at first?""",
    """请帮我把下面这段话改得更正式一些：我们上周开会讨论了新版本的计划，大家觉得第三季度太赶，最好推迟到十月。
另外，测试环境还没有准备好，需要运维同事再确认一下磁盘空间。谢谢！如果可以的话，再给我一个英文的版本。""",
    """I have been reading about the history of the metric system, and one thing is not clear to me: why did the
kilogram keep its prefix when it became the base unit, rather than the gram? Was there a reason beyond habit, and did
anyone propose another name for it at the time, in 1795 or in 1875?""",
)
SENSITIVE = (
    "You can reach me at maria.gonzalez@example.org if that does not work. ",
    "My number is +44 7700 900123, after six in the evening. ",
    "The card is 4111 1111 1111 1111, and it was refused twice. ",
    "Our server listens on 203.0.113.42:8443. ",
    "我的手机号是13812345678，邮箱 wang.wei@example.com。 ",
)


def _as_array(texts: tuple[str, ...]) -> str:
    quoted = ", ".join("'{}'".format(text.replace("'", "''")) for text in texts)
    return f"(ARRAY[{quoted}])"


def _drawn(what: str, seed: int) -> str:
    """Return SQL for a number from 0 that a message's key decides."""
    return f"(abs(hashint8(first + place + {seed}::bigint)::bigint) % {what})::int"


# The text of a message: one to three passages, and in 8 of 100 messages something sensitive before them.
AS_SQL = (
    f"CASE WHEN {_drawn('100', 7)} < 8 THEN {_as_array(SENSITIVE)}[1 + {_drawn(str(len(SENSITIVE)), 11)}] ELSE '' END"
    f" || (SELECT string_agg({_as_array(PASSAGES)}[1 + ({_drawn('1000', 13)} + n) % {len(PASSAGES)}], E'\\n\\n')"
    f" FROM generate_series(1, 1 + {_drawn('3', 17)}) n)"
)
