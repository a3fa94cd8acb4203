"""The patterns of secrets: what is named as one, what stands where only one does, and what keys look like.

They are written as those in `patterns.py` are. Where a list of our own would go stale, detect-secrets says what a key
looks like.
"""

import re
from collections.abc import Iterator
from importlib import import_module

from conversations.patterns import LEFT

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
ASSIGNED = (
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
HEADERS = (
    r"(?i:authorization[\"']?[ ]?[:=][ ]?[\"'`]?(?:bearer|basic|token)[ ])\K[0-9A-Za-z._~+/-]{8,4096}+={0,2}",
    r"(?i:(?<![A-Za-z])bearer[ ])\K(?=[A-Za-z._~+/-]{0,64}[0-9])[0-9A-Za-z._~+/-]{20,4096}+={0,2}",
)
IN_URL = r"://[^\s:/?#@]{0,128}:\K[^\s/?#@]{1,256}(?=@[^\s@])"
# To its end; or, if that was cut off, as far as lines look like it.
_UP_TO_END = r"(?:(?:[^-]|-(?!----))*+-----END [0-9A-Z ]{0,60}-----|(?:(?:\s|\\[nr]){1,4}[0-9A-Za-z+/=]{20,})*+)"
PRIVATE_KEYS = (
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
TOKENS = (
    rf"{LEFT}(?:{'|'.join(_PREFIXED)})",
    r"(?<![0-9A-Za-z_-])eyJ[0-9A-Za-z_-]{8,}+\.[0-9A-Za-z_-]{4,}+(?:\.[0-9A-Za-z_-]+)?",  # JWT
)

# Their classes, by module. Those that look for high entropy misfire. For GitHub, GitLab, OpenAI, JWT, private keys,
# URLs and assignments there are patterns of ours above: theirs take too little of a secret, or too long to find it.
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


def key_patterns() -> Iterator[str]:
    """Yield what detect-secrets knows keys by. Its scanner, which obeys "allowlist" remarks in the text, is not used.

    Patterns with a group are left out: what they match is more than the key, and `ASSIGNED` finds it.
    """
    for module, name in _DETECTORS.items():
        for pattern in getattr(import_module(f"detect_secrets.plugins.{module}"), name).denylist:
            if not pattern.groups:
                # Not in the middle of some base64. Small letters may precede: `bot` does in Telegram's addresses.
                yield f"(?<![0-9A-Z])(?{'i' if pattern.flags & re.IGNORECASE else ''}:{pattern.pattern})"
