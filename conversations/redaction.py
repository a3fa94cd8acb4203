"""The filter that masks sensitive data in what is written in a conversation (rules D4 and E4).

Presidio runs patterns that are named here, one recogniser each, and nothing else: no model, no network. A pattern only
proposes; what has a checksum or a register is held to it. Where a list of our own would go stale, detect-secrets says
what a key looks like. `VERSION` goes up whenever the same text would come out differently.
"""

import ipaddress
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from itertools import chain, count
from threading import Lock
from typing import Any

VERSION = "1"

CLASSES = ("SECRET", "IBAN", "ID_NUMBER", "CARD", "EMAIL", "IP", "PHONE")


@dataclass(frozen=True, slots=True)
class Redacted:
    """The texts of one conversation in their order, masked, and how often something of each class was.

    A mask is `<EMAIL_1>`: its class, and a number that stands for one value throughout the conversation. `counts` has
    only the classes that were found.
    """

    texts: tuple[str, ...]
    counts: dict[str, int]


def redact(texts: Sequence[str]) -> Redacted:
    """Return the texts of one conversation, in their order, with sensitive data masked.

    What a mask leaves behind is read again until nothing is found, so that redacting twice changes nothing. It comes
    to an end because masks are never masked, and each round takes something from what is outside them.
    """
    masks, finds, now = _Masks(_masks_in(texts)), dict[str, list[_Find]](), tuple(texts)
    while True:
        finds |= {text: _finds(text) for text in now if text not in finds}
        known = _telling(chain.from_iterable(finds.values()))
        before, now = now, tuple(masks.put(text, _settled(text, [*finds[text], *_again(text, known)])) for text in now)
        if now == before:
            return Redacted(now, dict(masks.counts))


_MASK = re.compile(rf"<(?:{'|'.join(CLASSES)})_[1-9][0-9]*>")
# A country's prefix before a full national number of mainland China or North America.
_PREFIX = re.compile(r"0*(?:86(?=1[3-9][0-9]{9}$)|1(?=[2-9][0-9]{9}$))")


@dataclass(frozen=True, slots=True)
class _Find:
    """Something sensitive in a text: where it stands, of which class it is, and how certain that is (0 to 1)."""

    start: int
    end: int
    kind: str
    value: str
    certainty: float


@dataclass(slots=True)
class _Masks:
    """The masks of one conversation: which stands for which value, and how often each class was masked.

    `taken` are masks that were there before, as someone wrote them or an earlier filter left them.
    """

    taken: frozenset[str]
    by_value: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: defaultdict[str, Iterator[int]] = field(default_factory=lambda: defaultdict(lambda: count(1)))
    counts: Counter[str] = field(default_factory=Counter)

    def put(self, text: str, finds: Iterable[_Find]) -> str:
        """Return a text with its finds masked. They are in their order in the text and do not overlap."""
        parts, at = list[str](), 0
        for find in finds:
            parts += [text[at : find.start], self.mask(find)]
            at = find.end
        return "".join([*parts, text[at:]])

    def mask(self, find: _Find) -> str:
        """Return the mask of a value, the same each time, and count it."""
        self.counts[find.kind] += 1
        key = (find.kind, _canonical(find))
        if key not in self.by_value:
            self.by_value[key] = self.next_mask(find.kind)
        return self.by_value[key]

    def next_mask(self, kind: str) -> str:
        return next(mask for number in self.numbers[kind] if (mask := f"<{kind}_{number}>") not in self.taken)


def _masks_in(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(mask for text in texts for mask in _MASK.findall(text))


def _canonical(find: _Find) -> str:
    """Return what is the same in two spellings of one value."""
    match find.kind:
        case "SECRET":
            return find.value
        case "EMAIL" | "IP":
            return find.value.casefold()
        case "PHONE":
            return _PREFIX.sub("", _digits(find.value))
    return re.sub(r"[^0-9A-Z]", "", find.value.upper())


# What a known value may look like: a word with its signs, one without those at its end, an address of either version.
_WORDS = (
    re.compile(r"[!#-&*+./0-9:=?@A-Z\\^_a-z|~-]+"),
    re.compile(r"(?<![!#-&*+./0-9:=?@A-Z\\^_a-z|~-])[!#-&*+./0-9:=?@A-Z\\^_a-z|~-]*[0-9A-Za-z]"),
    re.compile(r"(?<![0-9A-Za-z.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z]|\.[0-9])"),
    re.compile(r"(?<![0-9A-Za-z:])[0-9A-Fa-f:]+[0-9A-Fa-f](?![0-9A-Za-z:])"),
)


def _finds(text: str) -> list[_Find]:
    """Return all finds in a text; they may overlap."""
    recognisers = _recognisers()
    hints = {hint for hint in {recogniser.hint for recogniser in recognisers.values()} if hint.search(text)}
    entities = [entity for entity, recogniser in recognisers.items() if recogniser.hint in hints]
    if not entities:
        return []
    results = _analyser().analyze(text=text, language="en", entities=entities)
    proposed = ((recognisers[result.entity_type], result.start, result.end) for result in results)
    return [
        _Find(start, end, recogniser.kind, text[start:end], recogniser.certainty)
        for recogniser, start, end in proposed
        if recogniser.holds(text[start:end])
    ]


def _telling(finds: Iterable[_Find]) -> dict[str, _Find]:
    """Return those finds, by value, that give the value away wherever it stands, once the text has told what it is.

    The other classes are found anywhere by themselves. A short or plain password may be any word, so it is not here.
    """
    return {find.value: find for find in finds if find.kind == "IP" or (find.kind == "SECRET" and _is_odd(find.value))}


def _again(text: str, known: dict[str, _Find]) -> Iterator[_Find]:
    """Yield where known values stand once more, as words: each word is looked up, however many values are known."""
    for found in chain.from_iterable(word.finditer(text) for word in _WORDS if known):
        if find := known.get(found[0]):
            yield _Find(*found.span(), find.kind, found[0], find.certainty)


def _settled(text: str, finds: list[_Find]) -> list[_Find]:
    """Return the finds that are masked, in order: of two that overlap the more certain, then the longer, one."""
    free, settled = bytearray(b"\x01") * len(text), list[_Find]()
    for mask in _MASK.finditer(text):
        free[mask.start() : mask.end()] = bytes(mask.end() - mask.start())
    for find in sorted(finds, key=_precedence):
        if all(free[find.start : find.end]):
            free[find.start : find.end] = bytes(find.end - find.start)
            settled.append(find)
    return sorted(settled, key=lambda find: find.start)


def _precedence(find: _Find) -> tuple[float, int, int, int]:
    return -find.certainty, find.start - find.end, find.start, CLASSES.index(find.kind)


_building = Lock()


@dataclass(frozen=True, slots=True)
class _Recogniser:
    """One pattern of one class.

    `hint` is what any text it matches in must hold, said in a way that is quick to look for; `holds` tells whether
    what was matched is one.
    """

    kind: str
    certainty: float
    hint: re.Pattern[str]
    regex: str
    holds: Callable[[str], bool]


class _NoContext:
    """Context is in our patterns. Presidio's own enhancer needs lemmas, and copies every result."""

    def enhance_using_context(self, raw_results: list[Any], **rest: Any) -> list[Any]:
        return raw_results


def _recognisers() -> dict[str, _Recogniser]:
    """Return the recognisers by the name of what each finds in Presidio, which is its own for each.

    Of one entity Presidio drops what lies in something longer, before we can tell that the longer one does not hold.
    """
    with _building:
        return _build_recognisers()


def _analyser() -> Any:
    recognisers = _recognisers()
    with _building:
        return _build_analyser(tuple((entity, recogniser.regex) for entity, recogniser in recognisers.items()))


@cache
def _build_recognisers() -> dict[str, _Recogniser]:
    keys = (_Recogniser("SECRET", 0.95, _LONG_WORD, regex, _is_anything) for regex in _key_patterns())
    return {f"{recogniser.kind}_{n}": recogniser for n, recogniser in enumerate([*_RECOGNISERS, *keys])}


@cache
def _build_analyser(patterns: tuple[tuple[str, str], ...]) -> Any:
    # Presidio takes 0.8–1 s and 96 MB to import (spaCy comes with it). Only who redacts something pays for that.
    presidio, engines = import_module("presidio_analyzer"), import_module("presidio_analyzer.nlp_engine")
    recognisers = [
        # No flags but a pattern's own: Presidio's would let `[A-Z]` match what is not ASCII.
        presidio.PatternRecognizer(entity, patterns=[presidio.Pattern(entity, regex, 1.0)], global_regex_flags=0)
        for entity, regex in patterns
    ]
    engine = engines.NoOpNlpEngine([{"lang_code": "en", "model_name": ""}])
    registry = presidio.RecognizerRegistry(recognisers)
    return presidio.AnalyzerEngine(registry, engine, context_aware_enhancer=_NoContext())


# Their classes, by module. Those that look for high entropy misfire. For GitHub, GitLab, OpenAI, JWT, private keys,
# URLs and assignments there are patterns of ours below: theirs take too little of a secret, or too long to find it.
_DETECTORS = {
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "discord": "DiscordBotTokenDetector",
    "mailchimp": "MailchimpDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}


def _key_patterns() -> Iterator[str]:
    """Yield what detect-secrets knows keys by. Its scanner, which obeys "allowlist" remarks in the text, is not used.

    Patterns with a group are left out: what they match is more than the key, and `_ASSIGNED` finds it.
    """
    for module, name in _DETECTORS.items():
        for pattern in getattr(import_module(f"detect_secrets.plugins.{module}"), name).denylist:
            if not pattern.groups:
                # Not in the middle of some base64. Small letters may precede: `bot` does in Telegram's addresses.
                yield f"(?<![0-9A-Z])(?{'i' if pattern.flags & re.IGNORECASE else ''}:{pattern.pattern})"


@cache
def _suffixes() -> Any:
    # The list that came with the package, never the network's; names that only private networks use are suffixes too.
    private = ("corp", "home", "internal", "intranet", "lan", "local", "test", "example", "invalid")
    return import_module("tldextract").TLDExtract(cache_dir=None, suffix_list_urls=(), extra_suffixes=private)


_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# ISO/IEC 7812: the ranges and lengths that card schemes issue. One in ten numbers passes Luhn's check by chance.
_CARD = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12,15}"  # Diners Club, JCB
    r"|(?:62|81)[0-9]{14,17}"  # UnionPay
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}"  # Discover
    r"|(?:50(?:18|20|38)|5893|6304|6759|676[1-3])[0-9]{8,15}"  # Maestro
)
_PLACEHOLDER = re.compile(
    r"\$\(?\{?[\w.]+\}?\)?|\{.*\}|<.*>|\[.*\]|%s|%\(\w+\)s|[*xX.…•_-]+"
    r"|(?i:none|null|nil|true|false|undefined|string|required|optional|change[ _-]?me|redacted|\w*placeholder)"
    r"|(?i:(?:your|enter|insert|type|please|choose|confirm|forgot)\b.*|your[_-].*)|请.*",
    re.DOTALL,
)


def _is_anything(value: str) -> bool:
    return True


def _digits(value: str) -> str:
    return re.sub(r"[^0-9]", "", value)


def _is_card(value: str) -> bool:
    digits = _digits(value)
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    total = sum(map(int, digits[::-2])) + sum(number - 9 if number > 9 else number for number in doubled)  # noqa: PLR2004
    return total % 10 == 0 and _CARD.fullmatch(digits) is not None


def _is_iban(value: str) -> bool:
    compact = re.sub(r"[ -]", "", value)
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1


def _is_chinese_identity(value: str) -> bool:
    """Check as GB 11643-1999 says."""
    compact = re.sub(r"[ -]", "", value).upper()
    total = sum(int(digit) * weight for digit, weight in zip(compact[:17], _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == compact[17]


def _is_email(value: str) -> bool:
    # `git@` is how code is fetched. Decorators, packages (`vue@3.4.1`) and matrices (`a@b.T`) have no known suffix.
    local, _, domain = value.rpartition("@")
    return local != "git" and bool(_suffixes()(domain).fqdn)


def _is_address(value: str) -> bool:
    """Tell whether it is an IP address that leads to someone: not the machine itself, nor none at all."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_assigned(value: str) -> bool:
    return _PLACEHOLDER.fullmatch(value) is None


def _is_odd(value: str) -> bool:
    return re.fullmatch(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}", value, re.DOTALL) is not None


# The patterns. `regex` reads them: it has possessive quantifiers, looks behind at any width, and `\K` begins a match.
# `\b` sees no boundary between a letter and 中文, so boundaries are ASCII. Every repetition is bounded or possessive
# behind something rare: time must grow with the length of a text, whoever wrote it.

_LEFT, _RIGHT = r"(?<![0-9A-Za-z]|[0-9]\.)", r"(?![0-9A-Za-z]|\.[0-9])"

# Letters of Latin scripts; the local part and the domain end where Chinese begins.
_L = "0-9A-Za-zÀ-ɏ"
_LOCAL = rf"(?<![{_L}_])[{_L}_][{_L}_.%+\-]{{0,127}}"
_LABEL = rf"[{_L}](?:[{_L}\-]{{0,61}}[{_L}])?\."
_TOP = rf"(?:xn--[0-9A-Za-z\-]{{2,59}}|[A-Za-z]{{2,24}})(?![{_L}])"
# The longest domain, and the shortest: "a@example.com.Then" has no space, and no such suffix.
_EMAILS = (rf"{_LOCAL}@(?:{_LABEL}){{1,8}}{_TOP}", rf"{_LOCAL}@(?:{_LABEL}){{1,8}}?{_TOP}")

_EXTENSION = r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?"
# Not one of a row of numbers, as tables have them.
_ALONE, _ENDING = r"(?<![0-9A-Za-z+]|[0-9][ .-])", rf"(?![ .-][0-9]){_RIGHT}"
_PHONE_WORDS = (
    r"(?i:(?<![A-Za-z])(?:tele(?:phone)?|tel|phone|mobile|cell(?:phone)?|fax|whats ?app)(?![A-Za-z])"
    r"|电话|手机|座机|传真|致电|拨打|微信)(?:[ _]?(?:number|no\.?|is|at|me|us|on|号码?|是|为|[:：='\"])){0,5} ?\K"
)
_DATE = r"(?:19|20)[0-9]{2}[ .-][0-9]{1,2}[ .-]"
# No decimal number.
_ABROAD = r"(?<![0-9A-Za-z+])(?!\+[0-9]{1,20}\.[0-9]{1,20}(?![0-9.]))(?:\+|00(?=[1-9][0-9]?[ -]))"
_AREA = r"(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])"
_PHONES = (
    # International, with 8 to 15 digits (E.164).
    rf"{_ABROAD}[1-9](?:[ .()-]{{0,2}}[0-9]){{7,14}}{_EXTENSION}{_RIGHT}",
    # North America, with its separators.
    rf"{_ALONE}(?:1[ .-])?{_AREA}[2-9][0-9]{{2}}[ .-][0-9]{{4}}{_EXTENSION}{_ENDING}",
    # Mainland China's mobiles.
    rf"{_LEFT}(?:(?:00)?86[ -]?)?1[3-9][0-9][ -]?[0-9]{{4}}[ -]?[0-9]{{4}}{_RIGHT}",
    # The United Kingdom's mobiles; then others with a leading zero: its land lines, Germany's, China's; France's.
    rf"{_LEFT}07[0-9]{{9}}{_RIGHT}",
    rf"{_ALONE}\(?0[1-9][0-9]{{1,4}}(?:\) ?|[ /-])[0-9]{{3,4}}[ -]?[0-9]{{3,5}}{_ENDING}",
    rf"{_ALONE}0[1-9](?:[ .-][0-9]{{2}}){{4}}{_ENDING}",
    # Whatever is called one, as long as it is no date.
    rf"{_PHONE_WORDS}(?!{_DATE})\(?[0-9](?:[ .()-]{{0,2}}[0-9]){{6,13}}{_RIGHT}",
)

_CARDS = (
    rf"{_LEFT}[2-68][0-9]{{12,18}}{_RIGHT}",
    # In groups of four, alone or with what is left over (UnionPay); in the groups of American Express and Diners Club.
    rf"{_LEFT}[2-68][0-9]{{3}}(?:([ -])[0-9]{{4}})(?:\1[0-9]{{4}}){{2}}{_RIGHT}",
    rf"{_LEFT}[2-68][0-9]{{3}}(?:([ -])[0-9]{{4}})(?:\1[0-9]{{4}}){{2}}\1[0-9]{{1,3}}{_RIGHT}",
    rf"{_LEFT}3[0-9]{{3}}([ -])[0-9]{{6}}\1[0-9]{{4,5}}{_RIGHT}",
    rf"{_LEFT}6[0-9]{{5}}[ -][0-9]{{10,13}}{_RIGHT}",
)

# How many characters follow the country and the check digits (the SWIFT IBAN registry).
_IBANS = {
    11: "NO",
    12: "BE",
    14: "DK FI FO FK GL NL SD",
    15: "MK SI",
    16: "AT BA EE KZ LT LU MN XK",
    17: "CH HR LI LV",
    18: "BG BH CR DE GB GE IE ME RS VA",
    19: "AE GI IL IQ OM SO TL",
    20: "AD CZ ES MD PK RO SA SE SK TN VG",
    21: "LY PT ST",
    22: "IS TR",
    23: "BI DJ FR GR IT MC MR SM",
    24: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    25: "BR EG PS QA UA",
    26: "JO KW MU YE",
    27: "MT SC",
    28: "LC",
    29: "RU",
}
_COUNTRIES = (
    rf"(?:{'|'.join(names.split())})[0-9]{{2}}(?:[ -]?[0-9A-Z]){{{length}}}" for length, names in _IBANS.items()
)
_IBAN = rf"{_LEFT}(?ai:{'|'.join(_COUNTRIES)}){_RIGHT}"

_BIRTHDAY = r"(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_CHINESE_IDENTITY = rf"{_LEFT}[1-8][0-9]{{5}}[ -]?{_BIRTHDAY}[ -]?[0-9]{{3}}[0-9Xx]{_RIGHT}"
# United States: what was never issued is none. Without its hyphens it is one where the text says so.
_SSN_WORDS = (
    r"(?i:(?<![A-Za-z])(?:ssn|social security)|社会安全号|社保号)"
    r"(?i:[ _]?(?:number|no\.?|code|is|码|是|为|[:：=#'\"])){0,5} ?\K"
)
_SOCIAL_SECURITY = (
    rf"(?<![0-9A-Za-z]|[0-9][.-])(?!000|666)[0-9]{{3}}-(?!00)[0-9]{{2}}-(?!0000)[0-9]{{4}}(?!-[0-9]){_RIGHT}",
    rf"{_SSN_WORDS}(?!000|666)[0-9]{{3}}[ .-]?(?!00)[0-9]{{2}}[ .-]?(?!0000)[0-9]{{4}}{_RIGHT}",
)

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_FOUR = rf"{_OCTET}(?:\.{_OCTET}){{3}}(?![0-9A-Za-z]|\.[0-9A-Za-z]|-[A-Za-z])"
_NO_VERSION = r"(?<![0-9A-Za-z.]|[A-Za-z]-)(?<!(?i:version|ver\.?|release|build|版本号?)[ :：=是为]{0,3})"
_HOST_WORDS = (
    r"(?i:(?<![A-Za-z])(?:ips?|ipv4|inet|addr(?:ess(?:es)?)?|host(?:s|name)?|servers?|gateway|dns|nameserver|subnet|proxy|vpn"
    r"|ping|ssh|scp|telnet|traceroute|nmap|curl|wget|bind|listen(?:s|ing)?)(?![A-Za-z])"
    r"|地址|服务器|主机|网关|子网|代理|内网|外网|公网)"
)
# Between such a word and the number: signs, other numbers, 中文, and words that only connect.
_CONNECTING = (
    r"(?:[^A-Za-z\n]|(?<![A-Za-z])(?i:is|are|was|of|at|for|to|the|and|or|on|in|new|my|our|its)(?![A-Za-z])){0,40}"
)
# A port, a prefix length, the line of a log, or what it is, after the number.
_AFTER = (
    r"(?=:[0-9]{2,5}(?![0-9.])|/(?:3[0-2]|[12]?[0-9])(?![0-9A-Za-z.])| port [0-9]| - \S{1,32} \["
    rf"|[^0-9A-Za-z\n]{{0,8}}(?:(?:is|was) (?:the|my|our|its|an?) (?:[a-z]{{1,12}} )?)?{_HOST_WORDS})"
)
# Version 6 in full; or short, as it is given to machines: `a::b` and `[1::2]` are code.
_SIX = (
    r"(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|2[0-9a-f]{3}:[0-9a-f]{1,4}:[0-9a-f:]{0,30}(?:[0-9a-f]|::)"
    rf"|f(?:[cd][0-9a-f]{{2}}|e[89ab][0-9a-f]):[0-9a-f:]{{0,34}}(?:[0-9a-f]|::)|::ffff:{_FOUR}"
)
_ADDRESSES = (
    rf"(?=[0-9]{{1,3}}\.[0-9]){_NO_VERSION}(?:(?<=@|://){_FOUR}|{_FOUR}{_AFTER}|(?<={_HOST_WORDS}{_CONNECTING}){_FOUR})",
    rf"(?i)(?<![0-9a-z:.])(?:{_SIX})(?![0-9a-z]|:[0-9a-f:])",
)

# What is named so may be anything; what is named like the second has letters and digits, or it is a word of code.
_FREE = (
    r"(?i:pass(?:word|wd|phrase|code|wort)|(?<![A-Za-z])pass|pwd|contrase[nñ]a|secret(?:[ _-]?access)?(?:[ _-]?key)?"
    r"|private[ _-]?key|密码|口令|密钥|私钥)"
)
_CODED = (
    r"(?i:(?:api|app|auth|access|client|service|account|encryption|signing|master|db|database)[ _-]?key"
    r"|token|credentials?|令牌|凭证)"
)
_VARIABLES = r"(?:PASSWORD|PASSWD|PASSPHRASE|_PWD|PASS|SECRET(?:_KEY)?|_KEY|TOKEN)"
_OPTIONS = r"--(?i:pass(?:word|wd|phrase)?|secret|token|api-?key)"
_WHICH = r"(?i:_?(?:[0-9]{1,2}|prod(?:uction)?|dev|test|staging|live|value))?[\\\"'`\])]{0,3}"
_SETS = r"[ \t]{0,8}(?::=|=>|=(?!=)|[:：]|:[ ]?[A-Za-z]\w{0,30}[ ]?=)[ \t]{0,8}"
_COMPARES = r"[ \t]{0,8}(?:={2,3}|!==?)[ \t]{0,8}"
_SAYS = rf"(?:{_SETS}|[ ](?:is|was)[ ]?:?[ ]|[ ]?(?:是|为)[ ]?[:：]?[ ]?)"
_OPEN, _INSIDE = r"[@bfru]{0,2}([\"'`])\K", r"(?:\\.|(?!\1)[^\r\n\\])"
_BARE = r"!#$%&*+/0-9?@A-Z\\^_a-z|~-"
_A_DIGIT, _A_LETTER = (rf"(?=[.{_BARE}]{{0,255}}?[{some}])" for some in ("0-9", "A-Za-z"))
_NO_CODE = r"={0,2}(?![(\[{]|\.\w)"
_ASSIGNED = (
    # In quotation marks.
    rf"{_FREE}{_WHICH}(?:{_SETS}|{_COMPARES}){_OPEN}{_INSIDE}{{4,512}}+(?=\1)",
    rf"{_CODED}{_WHICH}(?:{_SETS}|{_COMPARES}){_OPEN}{_A_DIGIT}{_A_LETTER}{_INSIDE}{{8,512}}+(?=\1)",
    # Bare, with a digit, and not the start of an expression.
    rf"{_FREE}{_WHICH}{_SAYS}[\"'`“「]?\K{_A_DIGIT}[{_BARE}]{{4,256}}+{_NO_CODE}",
    rf"{_CODED}{_WHICH}{_SAYS}\K{_A_DIGIT}{_A_LETTER}[+/0-9A-Z_a-z~-]{{8,256}}+{_NO_CODE}",
    # In the environment's way, where anything is a value. `PWD` alone is where one stands.
    rf"(?m)^[ \t]{{0,16}}(?:export |set |ENV |- ?)?[A-Z0-9_]{{0,60}}{_VARIABLES}=\K[.:={_BARE}]{{4,512}}+(?=\s|$)",
    # As an option of a command.
    rf"{_OPTIONS}(?:=|[ ])[\"']?\K{_A_DIGIT}[.{_BARE}]{{4,256}}+",
)
_HEADERS = (
    r"(?i:authorization[\"']?[ ]?[:=][ ]?[\"'`]?(?:bearer|basic|token)[ ])\K[0-9A-Za-z._~+/-]{8,4096}+={0,2}",
    r"(?i:(?<![A-Za-z])bearer[ ])\K(?=[A-Za-z._~+/-]{0,64}[0-9])[0-9A-Za-z._~+/-]{20,4096}+={0,2}",
)
_IN_URL = r"://[^\s:/?#@]{0,128}:\K[^\s/?#@]{1,256}(?=@[^\s@])"
# To its end; or, if that was cut off, as far as lines look like it.
_UP_TO_END = r"(?:(?:[^-]|-(?!----))*+-----END [0-9A-Z ]{0,60}-----|(?:(?:\s|\\[nr]){1,4}[0-9A-Za-z+/=]{20,})*+)"
_PRIVATE_KEYS = (
    rf"-----BEGIN [0-9A-Z ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----{_UP_TO_END}",
    r"Private-Lines: [0-9]{1,4}\s{1,4}\K(?:[0-9A-Za-z+/=]{20,}\s{0,2}){1,200}+",
)
# By the prefixes that those who issue them gave them.
_PREFIXED = (
    r"gh[oprsu]_[0-9A-Za-z]{36,255}|github_pat_[0-9A-Za-z_]{22,255}|npm_[0-9A-Za-z]{36}",
    r"gl(?:agent|cbt|dt|ft|imt|oas|pat|ptt|rt|soat)-[0-9A-Za-z_-]{20,255}",
    r"sk-(?:admin|ant|or|proj|svcacct)-[0-9A-Za-z_-]{16,255}|sk-[0-9A-Za-z]{20,255}",
    r"sk-[0-9A-Za-z_-]{20,128}T3BlbkFJ[0-9A-Za-z]{20}|hf_[0-9A-Za-z]{30,64}",
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{10,255}|whsec_[0-9A-Za-z+/]{20,255}|shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}",
    r"AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,512}|(?:LTAI|AKID)[0-9A-Za-z]{12,40}|dop_v1_[0-9a-f]{64}",
)
_TOKENS = (
    rf"{_LEFT}(?:{'|'.join(_PREFIXED)})",
    r"(?<![0-9A-Za-z_-])eyJ[0-9A-Za-z_-]{8,}+\.[0-9A-Za-z_-]{4,}+(?:\.[0-9A-Za-z_-]+)?",  # JWT
)

_LONG_WORD = re.compile(r"[0-9A-Za-z_.:/+=-]{16}|xox")
_HINTS = {
    "EMAIL": re.compile("@"),
    "PHONE": re.compile(r"[0-9](?:[^0-9]{0,3}[0-9]){6}"),
    "CARD": re.compile(r"[0-9](?:[ -]?[0-9]){12}"),
    "ID_NUMBER": re.compile(r"[0-9](?:[ .-]?[0-9]){8}"),
    "IBAN": re.compile(r"[A-Za-z]{2}[0-9]{2}[ -]?[0-9A-Za-z]"),
    "IP": re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]:[0-9A-Fa-f:]"),
}
_NAMED = re.compile(r"(?i:pass|pwd|contra|secret|key|token|credential|auth|bearer)|密|口令|私钥|令牌|凭证")


def _each(kind: str, certainty: float, regexes: Iterable[str], holds: Callable[[str], bool]) -> list[_Recogniser]:
    return [_Recogniser(kind, certainty, _HINTS[kind], regex, holds) for regex in regexes]


_RECOGNISERS = (
    *(_Recogniser("SECRET", 0.95, _NAMED, regex, _is_assigned) for regex in (*_ASSIGNED, *_HEADERS)),
    *(_Recogniser("SECRET", 0.95, _LONG_WORD, regex, _is_anything) for regex in (*_TOKENS, *_PRIVATE_KEYS)),
    _Recogniser("SECRET", 0.95, re.compile("://"), _IN_URL, _is_assigned),
    *_each("EMAIL", 0.9, _EMAILS, _is_email),
    *_each("IBAN", 0.9, [_IBAN], _is_iban),
    *_each("CARD", 0.9, _CARDS, _is_card),
    *_each("ID_NUMBER", 0.9, [_CHINESE_IDENTITY], _is_chinese_identity),
    *_each("ID_NUMBER", 0.8, _SOCIAL_SECURITY, _is_anything),
    *_each("IP", 0.8, _ADDRESSES, _is_address),
    *_each("PHONE", 0.5, _PHONES, _is_anything),
)
