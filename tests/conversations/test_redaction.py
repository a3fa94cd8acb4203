import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations import masks, recognisers, redaction, validity
from conversations.redaction import redact

MASK = re.compile(r"<[A-Z_]+_[1-9][0-9]*>")

# Put together here, so that no scanner takes them for keys.
GITHUB, STRIPE, SLACK = "ghp_" + "a1B2" * 9, "sk_live_" + "4eC39HqLyjWD" * 2, "xoxb-" + "1234567890-" * 2 + "abcdef"
AWS, OPENAI, JWT = "AKIA" + "IOSFODNN7EXAMPLE", "sk-proj-" + "aB1_" * 8, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_x"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75R7\nq+/=\n-----END RSA PRIVATE KEY-----"

EMAILS = [
    "bob@example.com",
    "Bob.O-Neil+news@mail.example.co.uk",
    "zhang_san@qq.com",
    "root@db1.internal",
    "m@xn--bcher-kva.ch",
]
PHONES = [
    *("+1 415-555-2671", "(415) 555-2671", "415.555.2671 ext. 12", "+1 (415) 555-2671", "1-800-555-0199"),
    *("+44 (0)20 7946 0958", "020 7946 0958", "07700900123", "0161 496 0000"),
    *("+49 30 1234567", "030/1234567", "+33 1 42 68 53 00", "01 42 68 53 00", "0034 612 345 678"),
    *("13800138000", "+8613800138000", "+86 138 0013 8000", "86-13800138000", "138-0013-8000", "010-12345678"),
]
CARDS = [
    *("4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "5555555555554444", "2223003122003222"),
    *("378282246310005", "3782 822463 10005", "30569309025904", "3530111333300000", "6011111111111117"),
    *("6222021234567890128", "6222 0212 3456 7890 128"),
]
IBANS = ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "no9386011117947"]
ID_NUMBERS = ["123-45-6789", "11010519491231002X", "11010519491231002x", "110105 19491231 002X"]
SECRETS = [GITHUB, STRIPE, SLACK, AWS, OPENAI, JWT, PRIVATE_KEY, "glpat-" + "a1B2c" * 4, "AIza" + "Sy_-7" * 7]
SIX = [
    "2001:db8:85a3::8a2e:370:7334",
    "fe80::1ff:fe23:4567:890a",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "::ffff:8.8.4.4",
]
ALONE = [
    *(("EMAIL", EMAILS), ("PHONE", PHONES), ("CARD", CARDS), ("IBAN", IBANS)),
    *(("ID_NUMBER", ID_NUMBERS), ("SECRET", SECRETS), ("IP", SIX)),
]
VALUES = [(kind, value) for kind, values in ALONE for value in values]

# What says that it is one: kind, what is before, the value, what is after.
IP_BEFORE = [
    "the ip ",
    "IP address: ",
    "host=",
    "ping ",
    "ssh root@",
    "http://",
    "服务器",
    "IP地址是",
    "地址：",
    "服务器的ip是",
]
IP_AFTER = [
    ":8080/x",
    "/24",
    " port 22",
    "（服务器）",
    " is the server",
    "这台服务器",
    ' - - [10/Oct/2000:13:55:36] "GET /"',
]
PASSWORD_AROUND = [
    *(('password = "', '"'), ("passwd: '", "'"), ('{"db_password": "', '"}'), ("secret => `", "`"), ('pwd := "', '";')),
    *(('password: str = "', '"  # pragma: allowlist secret'), ("my password is ", " ok"), ("--password ", " -v")),
    *(("密码：", "，谢谢"), ("密码是", "。"), ("口令为“", "”")),
    *(("DB_PASSWORD=", "\nx"), ("export API_TOKEN=", ""), ("postgres://bob:", "@db.example.com/x")),
]
COMMANDS = [
    *(("curl -s https://example.com/ -u bob:", " -o out"), ("curl --user 'bob:", "' https://example.com/")),
    *(("curl \\\n  -H 'A: b' \\\n  -u bob:", "\n"), ("curl -sSu bob:", " x"), ("curl --proxy-user=bob:", " x")),
    *(('curl "https://example.com/?a=1&b=2" -u bob:', "; ls"), ("curl.exe -U bob:", " x")),
    *(("mysqldump -u root -p", " shop > shop.sql"), ("mysql -h db -port 3306 -p'", "'"), ("mariadb -uroot -p", "；")),
    *(("redis-cli -h cache -a ", " ping"), ("redis-cli -a '", "' ping")),
]
IN_CONTEXT = [
    *(("IP", before, "8.8.4.4", "，然后") for before in IP_BEFORE),
    *(("IP", "see ", "8.8.4.4", after) for after in IP_AFTER),
    *(("SECRET", before, "hunter2!", after) for before, after in PASSWORD_AROUND),
    ("SECRET", 'api_key: "', "a1b2c3d4e5", '"'),
    ("SECRET", "access_token=", "a1b2c3d4e5", "&x"),
    ("SECRET", 'passphrase = "', "correct horse battery staple", '"'),
    ("SECRET", "Authorization: Basic ", "dXNlcjpwYXNz", "\n"),
    ("SECRET", 'headers = {"Authorization": "Bearer ', "abcdefabcdefabcdef12", '"}'),
    *(("SECRET", before, "hunter2!", after) for before, after in COMMANDS),
    *(("SECRET", "curl -u bob:", value, " x") for value in ("123456", "Pass@123", "secret-abc123", "2024!Summer")),
    *(("SECRET", "mysql -p", value, " x") for value in ("1234567890", "2023-Winter", "Password#1", "secret_123")),
    *(
        ("SECRET", f"{before}'{name}", "correct horse", "' x")
        for before, name in (("curl -u ", "bob:"), ("mysql -p", ""))
    ),
    ("ID_NUMBER", "SSN: ", "123456789", "."),
    ("ID_NUMBER", "my social security number is ", "123 45 6789", "."),
    ("PHONE", "call my phone number: ", "5552671", "."),
    ("PHONE", "电话：", "62345678", "。"),
]

PLAIN = [
    *("on 2024-01-15 at 12:30:45", "2024年1月15日", "15/01/2024", "2024-01-15T12:30:45.123456Z", "0800-01-01"),
    *("1700000000", "1700000000000", "200 300 4000 500", "x = y * 2  # 100%"),
    *("$1,299.99", "¥12999.00", "EUR 1.234.567,89", "3.14159265358979", "+3.14159265", "0.4111111111111111"),
    *(
        "order 20240115123456",
        "订单号202401151234567",
        "order 4111111111111112",
        "invoice INV-2024-000123",
        "#10234567",
    ),
    *("d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "sha256:" + "9f86d081" * 8),
    *("550e8400-e29b-41d4-a716-446655440000", "v1.2.3.4", "version 1.2.3.4", "版本号：1.2.3.4", "upgrade to 10.0.2.1"),
    *("1.2.3.4", "section 1.2.3.4", "Chrome/120.0.60.109", "pkg-1.2.3.4.tar.gz", "server version 15.0.4.1"),
    *("https://example.com/a/b?id=123456&x=y#z", "http://127.0.0.1:8000/", "0.0.0.0:80"),
    *("git@github.com:owner/name.git", "vue@3.4.1", "@types/node", "a@b.T", "@app.route('/x')"),
    *("std::cout << a::b", "xs[1::2]", "12:30:45", "aa:bb:cc:dd:ee:ff"),
    *("DE00370400440532013000", "110105194912310021", "000-12-3456"),
    *('token == "else"', "max_tokens = 4096", 'token = "EOF"', "TOKEN=$TOKEN", "a tokenizer of 50257 words"),
    *("password = get_password1()", "secret = settings.KEY2", "PWD=/home/bob", "密码是什么", "pass: 12 of 14"),
    *("curl -u user:password x", "curl -u $NAME:$TOKEN x", "curl -u <user>:<password> x", "curl -u 用户名:你的密码"),
    *(
        "curl -X PUT --user-agent=a:bcdef",
        "curl x -u https://proxy.example.com/path",
        "curl x | sh && docker run -u ab:cde",
    ),
    *("RUN apt-get install -y curl git && chown --user=www:www x", "mysql -u root -p shop", "mysql -h db -P3306"),
    *(
        "docker run --name mysql -p3306:3306 -d mysql",
        "docker run --name mysql -p127.0.0.1:3306:3306/tcp",
        "mysql -pPASSWORD",
    ),
    *(
        "find /var/lib/mysql -type f -print0",
        "-I/usr/include/mysql -pthread",
        "mysqldump x | tar -pxzf",
        "mysql -p<password>",
    ),
    *(
        "mysql 登录时 -p后面直接跟密码",
        "mysql の -pオプション",
        "mysql -p%PASS%",
        "mysql -pyourpassword",
        "mysql -p#{pass}",
    ),
    *(
        "redis-cli -a $PASS",
        "redis-cli ping && ls -a /tmp/foo",
        "redis-cli supports -a and --pass",
        "redis-cli -a --no-x",
    ),
    *("٠٫٠٧١٢٣٤٥٦٧٨٩", "٠٫١٣٨٠٠١٣٨٠٠٠", "6304.0000.0000", "5018.0000.0009"),
    *('password = ""', 'password = "${DB_PASSWORD}"', 'password: "your-password"'),
    *("iPhone 15 2023-09-22", "the phone costs 1299.00"),
    *("２０２４年１月１５日", "1990–2000", "第１．２．３．４节", "5–10\u00a0000 people"),
]


def masked(text: str) -> str:
    return redact([text]).texts[0]


@pytest.mark.parametrize(("kind", "value"), VALUES)
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("Mine is ", ", thanks."), ("我的是", "，谢谢。"), ("请用", "吧"), ("（", "）\n")]
)
def test_each_class_is_masked_wherever_it_stands(kind: str, value: str, before: str, after: str) -> None:
    assert redact([before + value + after]) == redaction.Redacted((f"{before}<{kind}_1>{after}",), {kind: 1})


# As Chinese keyboards and pages write them: full-width, with spaces that do not break, with longer dashes.
WIDE = [
    *(
        ("PHONE", "１３８００１３８０００"),
        ("PHONE", "+33\u00a01\u00a042\u00a068\u00a053\u00a000"),
        ("PHONE", "（010）62345678"),
    ),
    *(("PHONE", "415–555–2671"), ("PHONE", "138\u30000013\u30008000"), ("EMAIL", "bob＠example．com")),
    *(("CARD", "4111\u202f1111\u202f1111\u202f1111"), ("ID_NUMBER", "１１０１０５１９４９１２３１００２Ｘ")),
    ("IBAN", "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000"),
    *(("PHONE", "138—1234—5678"), ("CARD", "4111―1111―1111―1111"), ("PHONE", "415\u2002555\u20022671")),
    *(
        ("EMAIL", "bob@example。com"),
        ("EMAIL", "bob@example。com。cn"),
        ("EMAIL", "bob@163｡com"),
        ("PHONE", "٠٧٧٠٠٩٠٠١٢٣"),
        ("CARD", "४१११ ११११ ११११ ११११"),
    ),
    *(("IBAN", "DE89\u200a3704\u200a0044\u200a0532\u200a0130\u200a00"), ("CARD", "4111\u205f1111\u205f1111\u205f1111")),
]


@pytest.mark.parametrize(("kind", "value"), WIDE)
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("Mine is ", ", thanks."), ("我的是", "，谢谢。"), ("（", "）\n")]
)
def test_it_is_masked_however_its_characters_are_typed(kind: str, value: str, before: str, after: str) -> None:
    assert redact([before + value + after]) == redaction.Redacted((f"{before}<{kind}_1>{after}",), {kind: 1})


def test_two_ways_to_type_a_value_have_one_mask() -> None:
    assert masked("１３８００１３８０００ or 13800138000") == "<PHONE_1> or <PHONE_1>"
    assert masked("bob@163。com or bob@163.com") == "<EMAIL_1> or <EMAIL_1>"


def test_text_around_a_mask_is_left_as_it_was_typed() -> None:
    assert masked("发到 bob@mail.example.com。Thanks ١٢") == "发到 <EMAIL_1>。Thanks ١٢"
    assert masked("发到 bob@example.com.cn。Python 怎么写") == "发到 <EMAIL_1>。Python 怎么写"
    assert masked("发到 bob@163。com。Thanks") == "发到 <EMAIL_1>。Thanks"
    assert masked("２０２５年\u00a0９月，bob＠example.com —— ５％") == "２０２５年\u00a0９月，<EMAIL_1> —— ５％"


@pytest.mark.parametrize(("kind", "before", "value", "after"), IN_CONTEXT)
def test_it_is_masked_where_the_text_says_what_it_is(kind: str, before: str, value: str, after: str) -> None:
    assert masked(before + value + after) == f"{before}<{kind}_1>{after}"


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_not_sensitive_is_left_alone(text: str) -> None:
    assert redact([text, f"see {text}, ok", f"看{text}，好"]).counts == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my phone number is (0808) 15, fax 5552671", "my phone number is (0808) 15, fax <PHONE_1>"),
        ("a@example.com b@example.com A@Example.com", "<EMAIL_1> <EMAIL_2> <EMAIL_1>"),
        ("+86 138 0013 8000, 13800138000", "<PHONE_1>, <PHONE_1>"),
        ("(415) 555-2671 or +14155552671", "<PHONE_1> or <PHONE_1>"),
        ("4111 1111 1111 1111 or 4111111111111111, 4111.1111.1111.1111", "<CARD_1> or <CARD_1>, <CARD_1>"),
        ("4111 1111 1111 1111 12/26 123", "<CARD_1> 12/26 123"),
        ("DE89 3704 0044 0532 0130 00 BITTE SOFORT", "<IBAN_1> BITTE SOFORT"),
        ("a@example.com.Then 1", "<EMAIL_1>.Then 1"),
        ('password="aaaa1" password="bbbb1"', 'password="<SECRET_1>" password="<SECRET_2>"'),
    ],
)
def test_one_value_has_one_mask(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_masks_are_stable_across_the_texts_of_a_conversation() -> None:
    redacted = redact(["I am a@example.com", "Hello <b>a@example.com</b>", "and b@example.com, 13800138000"])
    assert redacted.texts == ("I am <EMAIL_1>", "Hello <b><EMAIL_1></b>", "and <EMAIL_2>, <PHONE_1>")
    assert redacted.counts == {"EMAIL": 3, "PHONE": 1}


def test_once_said_what_it_is_a_value_is_masked_everywhere() -> None:
    redacted = redact(["try hunter22, then 8.8.4.4.", 'password = "hunter22"\nping 8.8.4.4', "用hunter22登录"])
    assert redacted.texts == (
        "try <SECRET_1>, then <IP_1>.",
        'password = "<SECRET_1>"\nping <IP_1>',
        "用<SECRET_1>登录",
    )


def test_a_plain_word_is_not_masked_everywhere() -> None:
    assert redact(['password = "swordfish"', "a swordfish"]).texts == ('password = "<SECRET_1>"', "a swordfish")


def test_a_mask_that_was_there_stands_for_nothing_else() -> None:
    assert redact(["<EMAIL_1> and <EMAIL_3>", "a@example.com b@example.com"]).texts == (
        "<EMAIL_1> and <EMAIL_3>",
        "<EMAIL_2> <EMAIL_4>",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Inside is a card's number.
        ("DE95 4111 1111 1111 1111 00", "<IBAN_1>"),
        ('password = "me@example.com:4111111111111111"', 'password = "<SECRET_1>"'),
        ("https://me:s3cret@host.example.com/", "https://me:<SECRET_1>@host.example.com/"),
        (f"https://{GITHUB}@github.com/x", "https://<SECRET_1>@github.com/x"),
        (f'api_key = "{STRIPE}"', 'api_key = "<SECRET_1>"'),
        ("13800138000@163.com", "<EMAIL_1>"),
        ("+86 11010519491231002X", "+86 <ID_NUMBER_1>"),
    ],
)
def test_of_two_that_overlap_the_more_certain_then_the_longer_is_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "texts", [[], [""], ["", "\x00"], ["\x00" * 9, "a\x00@b\x00.com"], ["⁴¹¹¹¹¹¹¹¹¹¹¹¹¹¹¹"], ["ſK" * 20]]
)
def test_odd_texts_come_back(texts: list[str]) -> None:
    assert redact(texts) == redaction.Redacted(tuple(texts), {})


def test_the_order_of_the_texts_is_the_order_of_the_masks() -> None:
    assert redact(("b@example.com", "a@example.com", "b@example.com")).texts == ("<EMAIL_1>", "<EMAIL_2>", "<EMAIL_1>")


@pytest.mark.parametrize(
    "piece", ["eyJ", "://a:", "a@b.", "password = ", "1.2.3.4 ", "4111 ", "-----BEGIN PRIVATE KEY-----", "!", ":"]
)
def test_a_long_text_of_one_piece_takes_no_longer_than_it_should(piece: str) -> None:
    # Were it quadratic, it would be minutes.
    assert masked("ip 8.8.4.4 password=a1b2c3d4 " + piece * 20_000).startswith("ip <IP_1> password=<SECRET_1>")


PIECES = st.sampled_from(
    [
        *(value for _, value in VALUES),
        *("".join(parts) for _, *parts in IN_CONTEXT),
        *PLAIN,
        *(
            "<EMAIL_1>",
            "<SECRET_2>",
            "<",
            ">",
            "password = ",
            '"',
            "'",
            " ",
            "",
            "\n",
            ",",
            ".",
            "-",
            "1",
            "+86",
            "是",
            "地址",
            "ip ",
            "@",
            "://",
        ),
    ]
)
TEXTS = st.lists(st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=60)), max_size=4)


def restores(masked_text: str, text: str) -> bool:
    """Tell whether a text is what was masked, with something in the place of each mask."""
    kept = (re.escape(piece) for piece in MASK.split(masked_text))
    return re.fullmatch(".+?".join(kept), text, re.DOTALL) is not None


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_nothing_outside_masks_is_lost(texts: Sequence[str]) -> None:
    redacted = redact(texts)
    assert len(redacted.texts) == len(texts)
    assert all(restores(*pair) for pair in zip(redacted.texts, texts, strict=True))
    masks = sum(len(MASK.findall(text)) for text in redacted.texts)
    assert sum(redacted.counts.values()) + sum(len(MASK.findall(text)) for text in texts) >= masks


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_redacting_twice_changes_nothing(texts: Sequence[str]) -> None:
    once = redact(texts).texts
    assert redact(once) == redaction.Redacted(once, {})


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=60)))
def test_a_hint_never_hides_what_would_be_found(text: str) -> None:
    results = recognisers.analyser().analyze(
        text=text, language="en", entities=list(recognisers.recognisers_by_entity())
    )
    assert {result.entity_type for result in results} <= set(recognisers.hinted(text))


@pytest.fixture
def _not_built() -> None:
    for build in (recognisers._build_recognisers, recognisers._build_analyser, validity._suffixes):
        build.cache_clear()


def test_a_pattern_that_takes_too_long_is_never_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    redact(["built by now"])
    monkeypatch.setattr("presidio_analyzer.pattern_recognizer.REGEX_TIMEOUT_SECONDS", 1e-6)
    with pytest.raises(recognisers.TooSlow):
        redact(["Write to anna@example.com. " * 1000])


@pytest.mark.usefixtures("_not_built")
def test_no_network_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        pytest.fail("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert redact([value for _, value in VALUES]).counts.keys() == set(masks.CLASSES)


@pytest.mark.usefixtures("_not_built")
def test_threads_may_begin_at_once() -> None:
    texts = [value for _, value in VALUES]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(redact, [texts] * 8))
    assert all(each == found[0] for each in found)
    assert recognisers._build_recognisers.cache_info().misses == 1
    assert recognisers._build_analyser.cache_info().misses == 1


def test_importing_it_loads_no_engine() -> None:
    check = (
        "import sys, conversations.redaction; print({'presidio_analyzer', 'spacy', 'requests'} & sys.modules.keys())"
    )
    where = Path(django_settings.BASE_DIR)
    done = subprocess.run([sys.executable, "-c", check], cwd=where, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
