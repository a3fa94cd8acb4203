"""What a value is held to that looked like a sensitive one: a checksum, a register, or that it is no placeholder."""

import ipaddress
import re
from functools import cache
from importlib import import_module
from typing import Any

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# ISO/IEC 7812: the ranges and lengths that card schemes issue. One in ten numbers passes Luhn's check by chance.
_CARD = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}|35[0-9]{14,17}|(?:2131|1800)[0-9]{11}"  # Diners Club, JCB
    r"|(?:62|81)[0-9]{14,17}"  # UnionPay
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}"  # Discover
    r"|(?:50(?:18|20|38)|5[6-8][0-9]{2}|0604|6304|6390|6759|676[1-3])[0-9]{8,15}"  # Maestro
)
_PLACEHOLDER = re.compile(
    r"\$\(?\{?[\w.]+\}?\)?|\{.*\}|<.*>|\[.*\]|%s|%\(\w+\)s|[*xX.…•_-]+"
    r"|(?i:none|null|nil|true|false|undefined|string|required|optional|change[ _-]?me|redacted|\w*placeholder)"
    r"|(?i:(?:your|enter|insert|type|please|choose|confirm|forgot)\b.*|your[_-].*)|请.*",
    re.DOTALL,
)


def is_anything(value: str) -> bool:
    """Hold it to nothing: its pattern says enough."""
    return True


def digits(value: str) -> str:
    """Return the digits of a value without what groups them."""
    return re.sub(r"[^0-9]", "", value)


def is_card(value: str) -> bool:
    """Check as ISO/IEC 7812 says."""
    number = digits(value)
    doubled = (int(digit) * 2 for digit in number[-2::-2])
    total = sum(map(int, number[::-2])) + sum(each - 9 if each > 9 else each for each in doubled)  # noqa: PLR2004
    return total % 10 == 0 and _CARD.fullmatch(number) is not None


def is_iban(value: str) -> bool:
    """Check as ISO 13616 says."""
    compact = re.sub(r"[ -]", "", value)
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1


def is_chinese_identity(value: str) -> bool:
    """Check as GB 11643-1999 says."""
    compact = re.sub(r"[ -]", "", value).upper()
    total = sum(int(digit) * weight for digit, weight in zip(compact[:17], _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == compact[17]


def is_email(value: str) -> bool:
    """Tell whether mail could be sent there: its domain ends as one that there is."""
    # `git@` is how code is fetched. Decorators, packages (`vue@3.4.1`) and matrices (`a@b.T`) have no known suffix.
    local, _, domain = value.rpartition("@")
    return local != "git" and bool(_suffixes()(domain).fqdn)


def is_address(value: str) -> bool:
    """Tell whether it is an IP address that leads to someone: not the machine itself, nor none at all."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def is_assigned(value: str) -> bool:
    """Tell whether it is a value, not what stands where one should be put."""
    return _PLACEHOLDER.fullmatch(value) is None


def is_odd(value: str) -> bool:
    """Tell whether it is so odd that it is no word that someone means otherwise."""
    return re.fullmatch(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}", value, re.DOTALL) is not None


@cache
def _suffixes() -> Any:
    # The list that came with the package, never the network's; names that only private networks use are suffixes too.
    private = ("corp", "home", "internal", "intranet", "lan", "local", "test", "example", "invalid")
    return import_module("tldextract").TLDExtract(cache_dir=None, suffix_list_urls=(), extra_suffixes=private)
