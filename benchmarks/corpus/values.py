"""Sensitive values, as people and machines write them. None leads to anyone: they are drawn from a seed.

Nothing here knows how the filter looks for them: what Faker's locales say, what the standards say, and how people write
such a thing down decide.
"""

import base64
import ipaddress
import json
import string
from collections.abc import Callable
from random import Random

from faker import Faker

# Where a number is one by its form: with the country, or as it is written in English and on the mainland.
ABROAD = ("de_DE", "es_ES", "fr_FR", "nl_NL", "pl_PL", "pt_BR", "ru_RU", "en_AU", "en_IN", "en_CA", "en_GB", "en_US")
AT_HOME = ("en_US", "en_CA", "en_GB")
ELSEWHERE = ("en_AU", "en_IN", "de_DE", "fr_FR", "ja_JP", "ko_KR", "pl_PL", "ru_RU", "zh_TW", "nl_NL")
BANKS = ("de_DE", "fr_FR", "en_GB", "it_IT", "es_ES", "nl_NL", "nl_BE", "pl_PL", "pt_PT", "tr_TR", "de_CH", "no_NO")
BANKS_TOO = ("da_DK", "fi_FI", "el_GR", "cs_CZ", "ro_RO", "en_IE", "uk_UA", "de_AT")
ALPHANUMERIC = string.ascii_letters + string.digits
CARD_WORDS = ("visa16", "visa19", "visa13", "mastercard", "amex", "discover", "jcb16", "jcb15", "diners", "maestro")


class Values:
    """Draws values of each class. The same seed draws the same ones."""

    def __init__(self, draw: Random) -> None:
        self.draw = draw
        locales = {"zh_CN", *ABROAD, *AT_HOME, *ELSEWHERE, *BANKS, *BANKS_TOO}
        self.fakers = {locale: Faker(locale) for locale in sorted(locales)}
        for faker in self.fakers.values():
            faker.seed_instance(draw.getrandbits(32))
        self.english, self.chinese = self.fakers["en_US"], self.fakers["zh_CN"]

    def some(self, alphabet: str, length: int) -> str:
        """Return so many of some characters."""
        return "".join(self.draw.choices(alphabet, k=length))

    def one_of(self, *makers: Callable[[], str]) -> str:
        """Return what one of several ways to make a value makes."""
        return self.draw.choice(makers)()

    def email(self) -> str:
        """Return an address, plain or as people vary theirs."""
        faker = self.draw.choice([self.english, self.chinese, self.fakers["en_GB"]])
        plain = self.one_of(faker.email, faker.company_email, faker.free_email, faker.safe_email)
        local, domain = plain.split("@")
        return self.one_of(
            lambda: plain,
            lambda: plain,
            lambda: f"{local}+{faker.word() if faker is self.english else 'news'}@{domain}",
            lambda: f"{local.title()}@{domain}",
            lambda: f"{self.some(string.digits, 9)}@qq.com",
            lambda: f"{local}@mail.{domain}",
            lambda: (
                f"{local}.{self.some(string.ascii_lowercase, 3)}@{self.draw.choice(['gmail.com', '163.com', 'cs.ox.ac.uk'])}"
            ),
            lambda: plain.upper(),
        )

    def phone(self) -> str:
        """Return a number that is one by its form."""
        return self.one_of(self.phone_abroad, self.phone_abroad, self.phone_at_home, self.mobile, self.landline)

    def phone_abroad(self) -> str:
        """Return a number with its country."""
        faker = self.fakers[self.draw.choice(ABROAD)]
        return self.until(faker.phone_number, lambda number: number.startswith(("+", "001")))

    def phone_at_home(self) -> str:
        """Return a number without its country, in the groups it is spoken in."""
        faker = self.fakers[self.draw.choice(AT_HOME)]
        return self.until(faker.phone_number, lambda number: not number.startswith("+") and not number.isdigit())

    def mobile(self) -> str:
        """Return a mobile number of the mainland."""
        number = self.chinese.phone_number()
        a, b, c = number[:3], number[3:7], number[7:]
        return self.one_of(
            lambda: number,
            lambda: number,
            lambda: f"{a} {b} {c}",
            lambda: f"{a}-{b}-{c}",
            lambda: f"+86 {number}",
            lambda: f"+86-{a}-{b}-{c}",
            lambda: f"0086{number}",
            lambda: f"(+86) {a} {b} {c}",
        )

    def landline(self) -> str:
        """Return a number of a house or an office on the mainland."""
        area, number = self.draw.choice(["010", "021", "0755", "0571", "028"]), self.some("2345678", 8)
        return self.draw.choice([f"{area}-{number}", f"({area}) {number}", f"({area}){number}", f"{area} {number}"])

    def phone_said(self) -> str:
        """Return a number that could be any number, were it not said."""
        faker = self.fakers[self.draw.choice([*ELSEWHERE, "en_US", "en_GB"])]
        return self.until(faker.phone_number, lambda number: number[0] != "+")

    def until(self, make: Callable[[], str], holds: Callable[[str], bool]) -> str:
        """Return the first value made that is of the kind asked for."""
        while not holds(value := make()):
            pass
        return value

    def card(self) -> str:
        """Return a card's number, together or in its groups."""
        scheme = self.draw.choice([*CARD_WORDS, "visa16", "mastercard", "unionpay", "unionpay"])
        number = self.unionpay() if scheme == "unionpay" else self.english.credit_card_number(scheme)
        between = self.draw.choice(["", "", " ", " ", "-"])
        sizes = {"amex": (4, 6, 5), "jcb15": (4, 6, 5), "diners": (4, 6, 4)}.get(scheme, (4, 4, 4, 4, 4))
        return between.join(pieces(number, sizes))

    def unionpay(self) -> str:
        """Return a number of the mainland's own scheme, most of which have 19 digits."""
        body = "62" + self.some(string.digits, self.draw.choice([13, 16, 16]))
        return body + str(-luhn_sum(body + "0") % 10)

    def iban(self) -> str:
        """Return an account's number, together or in groups of four."""
        number = self.fakers[self.draw.choice([*BANKS, *BANKS_TOO])].iban()
        return self.draw.choice([number, " ".join(pieces(number, (4,) * 9)), number, number.lower()])

    def chinese_identity(self) -> str:
        """Return a resident identity number (GB 11643-1999)."""
        number = self.chinese.ssn()
        return self.draw.choice([number, number, number.lower(), f"{number[:6]} {number[6:14]} {number[14:]}"])

    def social_security(self) -> str:
        """Return a social security number of the United States."""
        return self.english.ssn()

    def social_security_said(self) -> str:
        """Return one without its hyphens."""
        return self.english.ssn().replace("-", self.draw.choice(["", " "]))

    def ip4(self) -> str:
        """Return an address of version 4, public or private."""
        make = self.draw.choice([self.english.ipv4_public, self.english.ipv4_private])
        return self.until(make, lambda address: not address.startswith("127."))

    def ip6(self) -> str:
        """Return an address of version 6, in full or short, as networks have them."""
        prefix = self.draw.choice(["2001:db8", "2a02:8109", "2400:3200", "fe80:0", "fd12:3456"])
        groups = [f"{self.draw.getrandbits(16):x}" for _ in range(4)]
        address = ipaddress.ip_address(f"{prefix}:{self.draw.choice(['0:0', '85a3:0'])}:{':'.join(groups)}")
        return self.draw.choice([str(address), str(address), address.exploded, str(address).upper()])

    def password(self) -> str:
        """Return a password, as generators and people make them."""
        make = self.english.password
        return self.one_of(
            lambda: make(length=self.draw.randint(8, 24)),
            lambda: make(length=12, special_chars=False),
            lambda: f"{self.english.first_name()}{self.draw.randint(1950, 2025)}!",
            lambda: f"{self.english.word().title()}@{self.draw.randint(10, 9999)}",
            lambda: f"{self.english.word()}_{self.english.word()}{self.draw.randint(1, 99)}",
            lambda: f"p4ss{self.some(ALPHANUMERIC, 6)}",
        )

    def phrase(self) -> str:
        """Return a password of which only its place tells that it is one: words."""
        words = [self.english.word() for _ in range(4)]
        return self.draw.choice([" ".join(words), "-".join(words), "".join(words), words[0] + words[1].title()])

    def random_key(self) -> str:
        """Return what services hand out without a prefix of theirs."""
        return self.one_of(
            lambda: self.some("0123456789abcdef", 32),
            lambda: self.some("0123456789abcdef", 64),
            lambda: self.some(ALPHANUMERIC, self.draw.choice([20, 32, 40])) + "7",
            lambda: self.some(ALPHANUMERIC + "+/", 40) + "3",
            lambda: self.english.uuid4(),
        )

    def token(self) -> str:
        """Return a key whose prefix says who issued it, in the form they document."""
        some = self.some
        upper = string.ascii_uppercase + string.digits
        return self.one_of(
            lambda: self.draw.choice(["AKIA", "ASIA"]) + some(string.ascii_uppercase + "234567", 16),
            lambda: self.draw.choice(["ghp", "gho", "ghs", "ghu"]) + "_" + some(ALPHANUMERIC, 36),
            lambda: f"github_pat_{some(ALPHANUMERIC, 22)}_{some(ALPHANUMERIC, 59)}",
            lambda: "glpat-" + some(ALPHANUMERIC + "_-", 19) + "x",
            lambda: f"xoxb-{some(string.digits, 12)}-{some(string.digits, 13)}-{some(ALPHANUMERIC, 24)}",
            lambda: self.draw.choice(["sk", "rk"]) + "_live_" + some(ALPHANUMERIC, 24),
            lambda: "AIza" + some(ALPHANUMERIC, 35),
            lambda: "sk-proj-" + some(ALPHANUMERIC + "_-", 48),
            lambda: f"sk-ant-api03-{some(ALPHANUMERIC + '_-', 93)}AA",
            lambda: "npm_" + some(ALPHANUMERIC, 36),
            lambda: "hf_" + some(string.ascii_letters, 34),
            lambda: f"SG.{some(ALPHANUMERIC, 22)}.{some(ALPHANUMERIC, 43)}",
            lambda: f"{some('123456789', 1)}{some(string.digits, 8)}:AA{some(ALPHANUMERIC, 33)}",
            lambda: "AC" + some("0123456789abcdef", 32),
            lambda: "LTAI5t" + some(upper, 18),
            lambda: f"https://hooks.slack.com/services/T{some(upper, 8)}/B{some(upper, 8)}/{some(ALPHANUMERIC, 24)}",
            self.jwt,
        )

    def jwt(self) -> str:
        """Return a signed JSON Web Token (RFC 7519)."""
        head = {"alg": "HS256", "typ": "JWT"}
        body = {"sub": self.english.uuid4(), "name": self.english.name(), "iat": self.draw.randint(1, 1 << 31)}
        return f"{unpadded(json.dumps(head).encode())}.{unpadded(json.dumps(body).encode())}.{unpadded(self.draw.randbytes(32))}"

    def private_key(self) -> str:
        """Return a private key in its armour (RFC 7468)."""
        name = self.draw.choice(["RSA ", "EC ", "OPENSSH ", ""])
        body = base64.b64encode(self.draw.randbytes(self.draw.randint(120, 900))).decode()
        lines = [body[at : at + 64] for at in range(0, len(body), 64)]
        return "\n".join([f"-----BEGIN {name}PRIVATE KEY-----", *lines, f"-----END {name}PRIVATE KEY-----"])


def unpadded(content: bytes) -> str:
    """Return Base64 for URLs, without its padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def pieces(text: str, sizes: tuple[int, ...]) -> list[str]:
    """Return a text cut into pieces of some sizes."""
    cut, at = [], 0
    for size in sizes:
        cut.append(text[at : at + size])
        at += size
    return [piece for piece in [*cut, text[at:]] if piece]


def luhn_sum(digits: str) -> int:
    """Return the sum that is a multiple of ten if the last digit checks the others."""
    doubled = (divmod(2 * int(digit), 10) for digit in digits[-2::-2])
    return sum(map(int, digits[-1::-2])) + sum(tens + units for tens, units in doubled)
