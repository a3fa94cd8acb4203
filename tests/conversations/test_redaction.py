"""What is masked before a text is kept without its account, and what is left as it is."""

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.redaction import redact


def masked(*texts: str) -> str:
    return "\n".join(redact(texts).texts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to anna.k+1@example.co.uk.", "Write to <EMAIL_1>."),
        ("联系我bob@example.com。", "联系我<EMAIL_1>。"),
        ("Call +49 30 1234567 now", "Call <PHONE_1> now"),
        ("Call (415) 555-2671 now", "Call <PHONE_1> now"),
        ("手机13912345678谢谢", "手机<PHONE_1>谢谢"),
        ("+86 139 1234 5678", "<PHONE_1>"),
        ("My card is 4111 1111 1111 1111.", "My card is <CARD_1>."),
        ("卡号4111111111111111。", "卡号<CARD_1>。"),
        ("Pay to DE89 3704 0044 0532 0130 00", "Pay to <IBAN_1>"),
        ("身份证11010519491231002X。", "身份证<ID_NUMBER_1>。"),
        ("My SSN is 078-05-1120", "My SSN is <ID_NUMBER_1>"),
        ("The server is at 192.168.1.10", "The server is at <IP_1>"),
        ("服务器8.8.8.8不通", "服务器<IP_1>不通"),
        ("Listening on 10.0.0.1:8080", "Listening on <IP_1>:8080"),
        ("Route 10.1.0.0/16", "Route <IP_1>/16"),
        ("From 2001:db8::1 today", "From <IP_1> today"),
        ("aws = AKIAIOSFODNN7EXAMPLE", "aws = <SECRET_1>"),
        ('password = "hunter2secret"', 'password = "<SECRET_1>"'),
        ("https://user:pa55w0rd@host/x", "https://<SECRET_1>@host/x"),
        ("key sk-abcdefghijklmnopqrstuvwxyz123456", "key <SECRET_1>"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nend", "<SECRET_1>\nend"),
        ('token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"  # pragma: allowlist secret', None),
    ],
)
def test_sensitive_data_is_masked(text: str, expected: str | None) -> None:
    result = masked(text)
    if expected is None:
        assert "ghp_" not in result
    else:
        assert result == expected


@pytest.mark.parametrize(
    "text",
    [
        "Version 1.2.3.4 of the library, released 2025-09-28 16:00:00",
        "It costs $1,234.56 or 1.234,56 €, order 1234567890123",
        "commit a0abb04f2f45a1f89d1d4844023245537e5e6014",
        "4111 1111 1111 1112 fails its checksum",
        "110105194912310021 fails its checksum",
        "self.so and f(x)::y, std::vector, 12:30:45",
        "价格是1234元,2025年9月28日",
        "git@",
        "password = get_password()",
        "for i in range(10): print(i)",
        "",
        "\0",
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert masked(text) == text


def test_same_value_has_the_same_mask_in_the_whole_conversation() -> None:
    result = redact(["a@example.com and b@example.com", "B@example.com again", "4111 1111 1111 1111 4111111111111111"])

    assert result.texts == ("<EMAIL_1> and <EMAIL_2>", "<EMAIL_2> again", "<CARD_1> <CARD_1>")
    assert result.counts == {"EMAIL": 2, "CARD": 1}


def test_overlaps_go_to_the_surest() -> None:
    assert masked('secret = "anna@example.com"') == 'secret = "<SECRET_1>"'
    assert masked("DE89370400440532013000") == "<IBAN_1>"


def test_nothing_asks_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    assert masked("anna@example.com, DE89370400440532013000, 10.0.0.1:80") == "<EMAIL_1>, <IBAN_1>, <IP_1>:80"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), max_size=4))
def test_any_text_is_taken_and_a_second_time_changes_nothing(texts: list[str]) -> None:
    once = redact(texts)

    assert len(once.texts) == len(texts)
    assert redact(once.texts).texts == once.texts
