"""Masks sensitive data in the texts of a conversation (rule E4), before they are kept without their account.

Patterns and checksums are Presidio's recognisers, without a language model; secrets in code are found by the named
detectors of detect-secrets. Nothing here asks the network. Word boundaries fail beside Chinese characters, so the
patterns are bounded by what may not stand next to them instead.
"""

import importlib
import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

# Goes up whenever the masks of the same text change.
VERSION = "1"

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]

EMAIL = (
    r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@"
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
CARD = r"(?<![0-9A-Za-z])(?<![0-9][.-])[3-6]\d{3}[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{6}[ -]?\d{5})(?![0-9A-Za-z])"
SSN = r"(?<![0-9A-Za-z-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![0-9A-Za-z-])"
RESIDENT_ID = (
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
)
CHINESE_MOBILE = r"(?<![0-9A-Za-z+.])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z])"
INTERNATIONAL = r"(?<![0-9A-Za-z+])\+[1-9]\d{0,2}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){5,12}(?![0-9A-Za-z])"
NORTH_AMERICAN = (
    r"(?<![0-9A-Za-z(.+-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?![0-9A-Za-z])"
)
EUROPEAN = r"(?<![0-9A-Za-z+.])0\d{2,5}[ /-]\d{3,4}[ -]?\d{3,6}(?![0-9A-Za-z])"
IPV4 = r"(?<![0-9A-Za-z.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![0-9A-Za-z]|\.\d)"
IPV6 = r"(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f:]{3,39}(?![0-9A-Za-z:])"
# A bare four-part number is an address only where the text says so: by a word before it, a port or a prefix after it.
SAYS_ADDRESS = re.compile(
    r"(?:\bip|address|host|server|ping|ssh|client|gateway|\bdns|地址|服务器|主机|网关)(?!.*version)[^\n;]{0,30}$",
    re.IGNORECASE,
)
PORT_OR_PREFIX = re.compile(r"(?::\d{2,5}|/(?:3[0-2]|[12]?\d))(?![0-9.])")
PRIVATE_KEY = (
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
KNOWN_BEGINNING = (
    r"(?<![0-9A-Za-z_-])(?:sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|AIza[0-9A-Za-z_-]{35})(?![0-9A-Za-z_-])"
)
BASIC_AUTH = r"(?<=://)[^\s:/?#@]+:[^\s/?#@]+(?=@)"
ASSIGNED = (
    r"(?i)(?:password|passwd|pwd|passphrase|secret(?:_?key)?|api_?key|access_?key|auth_?token|access_?token|client_?secret|密码)"
    r"[\"']?\s*(?::|=|=>|:=|：)\s*(?P<quote>[\"'`])(?P<value>[^\"'`\s]{4,200})(?P=quote)"
)
DETECTORS = (
    "aws.AWSKeyDetector",
    "azure_storage_key.AzureStorageKeyDetector",
    "discord.DiscordBotTokenDetector",
    "github_token.GitHubTokenDetector",
    "gitlab_token.GitLabTokenDetector",
    "jwt.JwtTokenDetector",
    "mailchimp.MailchimpDetector",
    "npm.NpmDetector",
    "openai.OpenAIDetector",
    "pypi_token.PypiTokenDetector",
    "sendgrid.SendGridDetector",
    "slack.SlackDetector",
    "stripe.StripeDetector",
    "telegram_token.TelegramBotTokenDetector",
    "twilio.TwilioKeyDetector",
)
# From the surest to the least sure: where two find the same, the first has it.
CLASSES = ("SECRET", "EMAIL", "IBAN", "ID_NUMBER", "CARD", "PHONE", "IP")
MASK = re.compile(rf"<(?:{'|'.join(CLASSES)})_\d+>")


@dataclass(frozen=True, slots=True)
class Redacted:
    """The texts of one conversation with masks, and how many different values of each class were masked."""

    texts: tuple[str, ...]
    counts: dict[str, int]


@dataclass(slots=True)
class Masks:
    """The masks given in one conversation: the same value has the same mask in all of it."""

    given: dict[tuple[str, str], str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def mask(self, class_: str, value: str) -> str:
        """Return the mask of a value."""
        key = (class_, re.sub(r"[\s-]", "", value).lower() if class_ != "SECRET" else value)
        if key not in self.given:
            self.counts[class_] += 1
            self.given[key] = f"<{class_}_{self.counts[class_]}>"
        return self.given[key]


def redact(texts: Sequence[str]) -> Redacted:
    """Return the texts of one conversation, in order, with sensitive data replaced by masks such as `<EMAIL_1>`."""
    masks = Masks()
    masked = tuple(_redact_text(text, masks) for text in texts)
    return Redacted(masked, dict(masks.counts))


def _redact_text(text: str, masks: Masks) -> str:
    parts, end = [], 0
    for start, stop, class_ in _spans(text):
        parts += [text[end:start], masks.mask(class_, text[start:stop])]
        end = stop
    return "".join([*parts, text[end:]])


def _spans(text: str) -> list[tuple[int, int, str]]:
    """Return what is to be masked, in order and without overlaps; what is a mask already stays as it is."""
    taken = [(found.start(), found.end(), "") for found in MASK.finditer(text)]
    for class_, finders in _finders().items():
        for find in finders:
            for start, stop in find(text):
                if all(stop <= other_start or start >= other_stop for other_start, other_stop, _class in taken):
                    taken.append((start, stop, class_))
    return sorted(span for span in taken if span[2])


@cache
def _finders() -> dict[str, tuple[Finder, ...]]:
    """Return what finds each class. Presidio takes a second to import, so only who redacts anything waits for it."""
    return {
        "SECRET": (
            _pattern("SECRET", PRIVATE_KEY),
            partial(_detected, _detectors()),
            _assigned,
            _pattern("SECRET", KNOWN_BEGINNING, BASIC_AUTH),
        ),
        "EMAIL": (_pattern("EMAIL", EMAIL),),
        "IBAN": (_checked("generic.iban_recognizer.IbanRecognizer"),),
        "ID_NUMBER": (_pattern("ID_NUMBER", SSN), partial(_valid, _pattern("ID_NUMBER", RESIDENT_ID), is_resident_id)),
        "CARD": (_checked("generic.credit_card_recognizer.CreditCardRecognizer", CARD),),
        "PHONE": (_pattern("PHONE", CHINESE_MOBILE, INTERNATIONAL, NORTH_AMERICAN, EUROPEAN),),
        "IP": (_addresses, partial(_valid, _pattern("IP", IPV6), is_ip)),
    }


def _pattern(class_: str, *patterns: str) -> Finder:
    presidio = importlib.import_module("presidio_analyzer")
    made = [presidio.Pattern(class_, pattern, 1.0) for pattern in patterns]
    recognizer = presidio.PatternRecognizer(supported_entity=class_, patterns=made)
    return partial(_recognized, recognizer, class_)


def _checked(path: str, pattern: str = "") -> Finder:
    """Return one of Presidio's recognisers, whose checksum says what is one; with a pattern of ours if there is one."""
    module, _dot, name = path.rpartition(".")
    presidio = importlib.import_module("presidio_analyzer")
    recognizer_class = getattr(importlib.import_module(f"presidio_analyzer.predefined_recognizers.{module}"), name)
    recognizer = recognizer_class(patterns=[presidio.Pattern(name, pattern, 0.5)] if pattern else None)
    return partial(_recognized, recognizer, recognizer.supported_entities[0])


def _recognized(recognizer: object, entity: str, text: str) -> Iterator[Span]:
    # Without the default flags, one of which would make upper case mean nothing.
    results = recognizer.analyze(text, [entity], None, re.MULTILINE)  # type: ignore[attr-defined]  # Presidio has no types
    yield from sorted((result.start, result.end) for result in results)


def _valid(find: Finder, is_valid: Callable[[str], bool], text: str) -> Iterator[Span]:
    yield from ((start, stop) for start, stop in find(text) if is_valid(text[start:stop]))


def is_resident_id(text: str) -> bool:
    """Return whether the last of 18 characters is the checksum of the others (GB 11643-1999)."""
    weights = [pow(2, 17 - place, 11) for place in range(17)]
    total = sum(weight * int(digit) for weight, digit in zip(weights, text[:17], strict=True))
    return text[17].upper() == "10X98765432"[total % 11]


def is_ip(text: str) -> bool:
    """Return whether a text is an IP address, other than that of nothing in particular."""
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False


def _addresses(text: str) -> Iterator[Span]:
    for found in re.finditer(IPV4, text):
        said = SAYS_ADDRESS.search(text, max(0, found.start() - 48), found.start())
        if said or PORT_OR_PREFIX.match(text, found.end()):
            yield found.span()


def _assigned(text: str) -> Iterator[Span]:
    yield from (found.span("value") for found in re.finditer(ASSIGNED, text))


def _detectors() -> tuple[object, ...]:
    """Return the named detectors. They are used one by one, so no "allowlist" remark in a text can switch them off."""
    made = []
    for path in DETECTORS:
        module, _dot, name = path.rpartition(".")
        made.append(getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)())
    return tuple(made)


def _detected(detectors: tuple[object, ...], text: str) -> Iterator[Span]:
    offset = 0
    for line in text.splitlines(keepends=True):
        for detector in detectors:
            for secret in detector.analyze_string(line):  # type: ignore[attr-defined]  # it has no types
                start = line.find(secret)
                if secret and start >= 0:
                    yield offset + start, offset + start + len(secret)
        offset += len(line)
