"""The patterns of secrets: what is named as one, what stands where only one does, and what keys look like.

They are written as those in `patterns.py` are. Where a list of our own would go stale, detect-secrets says what a key
looks like.
"""

import re
from collections.abc import Iterator
from importlib import import_module

from conversations.hints import Pattern, pattern
from conversations.patterns import LEFT

# What is named so may be anything; what is named like the second has letters and digits, or it is a word of code.
_FREE = (
    r"(?i:pass(?:word|wd|phrase|code|wort)|(?<![A-Za-z])pass|pwd|contrase[nñ]a|secret(?:[ _-]?access)?(?:[ _-]?key)?"
    r"|private[ _-]?key|密码|口令|密钥|私钥)"
)
# Sets, not `(?i:…)`, where it begins: `regex` skips to them.
_KEYS = r"(?i:api|app|auth|access|client|service|account|encryption|signing|master|db|database)[ _-]?"
_CODED = rf"(?:[Kk][Ee][Yy](?<={_KEYS}...)|[Tt][Oo][Kk][Ee][Nn]|[Cc][Rr][Ee][Dd](?i:entials?)|令牌|凭证)"
_VARIABLES = r"(?:PASSWORD|PASSWD|PASSPHRASE|_PWD|PASS|SECRET(?:_KEY)?|_KEY|TOKEN)"
_OPTIONS = r"--(?i:pass(?:word|wd|phrase)?|secret|token|api-?key)"
_WHICH = r"(?i:_?(?:[0-9]{1,2}|prod(?:uction)?|dev|test|staging|live|value))?[\\\"'`\])]{0,3}"
_SETS = r"[ \t]{0,8}(?::=|=>|=(?!=)|[:：]|:[ ]?[A-Za-z]\w{0,30}[ ]?=)[ \t]{0,8}"
_COMPARES = r"[ \t]{0,8}(?:={2,3}|!==?)[ \t]{0,8}"
_TELLS = r"(?:'s[ ]|[ ](?:is|was|to)[ ]?:?[ ]|[ ]?(?:是|为|改成|改为)[ ]?[:：]?[ ]?)"
_SAYS = rf"(?:{_SETS}|{_TELLS})"
_OPEN, _INSIDE = r"[@bfru]{0,2}([\"'`])\K", r"(?:\\.|(?!\1)[^\r\n\\])"
_BARE = r"!#$%&*+/0-9?@A-Z\\^_a-z|~-"
_A_DIGIT, _A_LETTER = (rf"(?=[.{_BARE}]{{0,255}}?[{some}])" for some in ("0-9", "A-Za-z"))
_NO_CODE = r"={0,2}(?![(\[{]|\.\w)"
# Anything up to a space; but not an expression: an attribute, an item, a call.
_NO_EXPRESSION = r"(?![A-Za-z_][\w.]*(?:\.\w|\[|\([^\s()]{0,99}\)))"
_NOT_IN_WORDS = r"\s\"'`“”「」<>,;，。；！？、（）"
_WORD = rf"(?=\S{{0,255}}?[0-9]){_NO_EXPRESSION}[^{_NOT_IN_WORDS}]{{3,255}}[^{_NOT_IN_WORDS}.:]"
# A command up to one of its options, which may go on in the next line, and not in another command.
_UP_TO = r"(?:(?:\\\r?\n|[^\n|;&]|&(?![&\s])){0,400}?(?:[ \t]|\\\r?\n))?"
# What is given to it, in quotation marks or up to where a shell ends a word; not what stands for it in examples.
_ENDS = r"(?=[^!-~]|[\"'`.,;:)>]|$)"
_EXAMPLE = rf"(?!(?:(?i:(?:my|your|the)?[_-]?(?:pass(?:word|wd)?|pwd|token|secret))|%\w+%){_ENDS}|-|//|#\{{)"
_QUOTED = rf"{_EXAMPLE}(?:\\.|(?!\1)[^\r\n\\]){{3,512}}+(?=\1)"
_SHELL = rf"{_EXAMPLE}[!#-%*-:=?-_a-{{}}~]{{2,255}}[!#-%*+\-/-9=?-_a-{{}}~]"
# Options of other commands have small letters alone, and ports are numbers.
_NO_OPTION = (
    r"(?=[a-z]{0,255}[!#-%*+\-/-9=?-_{}~])(?!rint0|ort=|rotocol=)"
    rf"(?!(?:[0-9.]{{0,15}}:){{0,2}}[0-9]{{1,5}}(?:/[a-z]{{3}})?{_ENDS})"
)
_ALGORITHM = r"(?!(?i:md5|sha[0-9]|sha-[0-9]|aes|bcrypt|argon|base64|pbkdf|utf|sm[0-9]|hs[0-9]))"
# What follows the name: a sign and a quotation mark; or what says what it is, and a digit soon.
_WHICH_HINT = r"(?:_?(?:[0-9]{1,2}|prod(?:uction)?|dev|test|staging|live|value))?[\\\"'`\])]{0,3}"
_QUOTED_HINT = rf"{_WHICH_HINT}[ \t]{{0,8}}[:=：!][^\n\"'`]{{0,128}}[\"'`]"
_BARE_HINT = rf"{_WHICH_HINT}[ \t]{{0,8}}(?:[:=：是为改]|is|was|to|'s)[^\n]{{0,900}}?[0-9]"
_FREE_WORDS = ("pass", "pwd", "contrase", "secret", "private", "密码", "口令", "密钥", "私钥")
_FREE_HINT = r"(?:pass(?:word|wd|phrase|code|wort)?|pwd|contrase[nñ]a|secret|access|key|密码|口令|密钥|私钥)"
_CODED_WORDS = ("key", "token", "credential", "令牌", "凭证")
_CODED_HINT = r"(?:key|token|credentials?|令牌|凭证)"
ASSIGNED = (
    # In quotation marks.
    pattern(
        rf"{_FREE}{_WHICH}(?:{_SETS}|{_COMPARES}){_OPEN}{_INSIDE}{{4,512}}+(?=\1)",
        _FREE_WORDS,
        _FREE_HINT + _QUOTED_HINT,
    ),
    pattern(
        rf"{_CODED}{_WHICH}(?:{_SETS}|{_COMPARES}){_OPEN}{_A_DIGIT}{_A_LETTER}{_INSIDE}{{8,512}}+(?=\1)",
        _CODED_WORDS,
        _CODED_HINT + _QUOTED_HINT,
    ),
    # Bare, with a digit, and not the start of an expression.
    pattern(
        rf"{_FREE}{_WHICH}{_SAYS}[\"'`“「]?\K{_A_DIGIT}[{_BARE}]{{4,256}}+{_NO_CODE}",
        _FREE_WORDS,
        _FREE_HINT + _BARE_HINT,
    ),
    pattern(
        rf"{_CODED}{_WHICH}{_SAYS}\K{_A_DIGIT}{_A_LETTER}[+/0-9A-Z_a-z~-]{{8,256}}+{_NO_CODE}",
        _CODED_WORDS,
        _CODED_HINT + _BARE_HINT,
    ),
    # In the environment's way, where anything is a value. `PWD` alone is where one stands.
    pattern(
        rf"(?m)^[ \t]{{0,16}}(?:export |set |ENV |- ?)?[A-Z0-9_]{{0,60}}{_VARIABLES}=\K{_NO_EXPRESSION}"
        rf"[.:=(){_BARE}]{{4,512}}+(?=\s|$)",
        ("password=", "passwd=", "passphrase=", "_pwd=", "pass=", "secret=", "_key=", "token="),
    ),
    pattern(
        rf"(?m)^[ \t]{{0,16}}[\w.-]{{0,60}}(?i:password|secret)=\K{_A_DIGIT}{_NO_EXPRESSION}"
        rf"[.:=(){_BARE}]{{4,512}}+(?=\s|$)",
        ("password=", "secret="),
    ),
    # As an option of a command; in a string of settings; in an element.
    pattern(
        rf"{_OPTIONS}(?:=|[ ])[\"']?\K{_A_DIGIT}[.(){_BARE}]{{4,256}}+", ("--pass", "--secret", "--token", "--api")
    ),
    pattern(r"(?<![A-Za-z])sshpass[ ]{1,4}-p[ ]?[\"']?\K[^\s\"']{4,256}", ("sshpass",)),
    pattern(
        rf"(?<![A-Za-z])curl(?:\.exe)?[ \t]{_UP_TO}(?:-[A-Za-z]{{0,8}}[uU]|--(?:proxy-)?user(?!-))(?:[ \t]{{1,4}}|=|)"
        rf"(?:([\"'])[^\s:\"'/]{{1,128}}:\K{_QUOTED}|[^\s:\"'/]{{1,128}}:\K{_SHELL})",
        ("curl",),
        r"-[a-z]{0,8}u",
    ),
    pattern(
        rf"(?<![A-Za-z])(?:mysql|mariadb)[a-z_-]{{0,20}}(?:\.exe)?[ \t]{_UP_TO}"
        rf"-p(?:([\"'])\K{_QUOTED}|\K{_NO_OPTION}{_SHELL})",
        ("mysql", "mariadb"),
        r"-p[!-~]",
    ),
    pattern(
        rf"(?<![A-Za-z])redis-cli(?:\.exe)?[ \t]{_UP_TO}-a[ \t]{{1,4}}(?:([\"'])\K{_QUOTED}|\K{_NO_OPTION}{_SHELL})",
        ("redis-cli",),
    ),
    pattern(
        r"(?i:(?<=[;?&])(?:password|pwd)=)\K[^\s\"'`;&<>{}$%]{4,256}",
        tuple(sign + name for sign in ";?&" for name in ("password=", "pwd=")),
    ),
    pattern(
        r"(?i:<[\w.:-]{0,40}(?:pass(?:word|wd)?|pwd|secret|token|api-?key)>)\K(?=[^\s<>]{0,255}?[0-9])[^\s<>]{4,256}(?=</)",
        ("pass>", "word>", "wd>", "secret>", "token>", "key>"),
    ),
    # To a person.
    pattern(rf"{_FREE}{_WHICH}(?:{_TELLS}|[:：][ ]?)\K{_ALGORITHM}{_WORD}", _FREE_WORDS, _FREE_HINT + _BARE_HINT),
    pattern(
        rf"密码[ ]?\K{_ALGORITHM}(?=[!-~]{{0,255}}?[0-9])(?=[!-~]{{0,255}}?[A-Za-z]){_WORD}",
        ("密码",),
        r"密码 ?[!-~]{0,255}?[0-9]",
    ),
    pattern(
        r"(?i:(?<![A-Za-z])(?:login|user(?:name)?|account)[ :]{1,2}[^\s,;]{1,64}[,;]?[ ])"
        rf"(?i:(?:and[ ])?(?:pass(?:word)?|pwd)[ ])\K{_ALGORITHM}{_WORD}",
        ("pass ", "password ", "pwd "),
        ("login", "user", "account"),
    ),
    # In SQL, in XML, and where a function takes name and value.
    pattern(
        rf"(?i:identified by|with (?:encrypted )?password)[ ]{{1,4}}{_OPEN}{_INSIDE}{{4,512}}+(?=\1)",
        ("identified by", "with password", "with encrypted password"),
    ),
    pattern(rf"(?i:<[^<>\n]{{0,60}}{_FREE}[\"'][ ]value=){_OPEN}{_INSIDE}{{4,512}}+(?=\1)", ('" value=', "' value=")),
    pattern(
        rf"(?i:define|setenv|putenv|setproperty)\([\"'][\w.-]{{0,60}}?{_FREE}{_WHICH}[ ]?,[ ]?{_OPEN}"
        rf"{_INSIDE}{{4,512}}+(?=\1)",
        ("define(", "setenv(", "putenv(", "setproperty("),
    ),
)
HEADERS = (
    pattern(
        r"(?i:authorization[\"']?[ ]?[:=][ ]?[\"'`]?(?:bearer|basic|token)[ ])\K[0-9A-Za-z._~+/-]{8,4096}+={0,2}",
        ("authorization",),
    ),
    pattern(
        r"(?i:(?<![A-Za-z])bearer[ ])\K(?=[A-Za-z._~+/-]{0,64}[0-9])[0-9A-Za-z._~+/-]{20,4096}+={0,2}", ("bearer ",)
    ),
)
IN_URLS = (pattern(r"://[^\s:/?#@]{0,128}:\K[^\s/?#@]{1,256}(?=@[^\s@])", ("://",), r"://[^\s:/?#@]*+:[^\s/?#@]++@"),)
# To its end; or, if that was cut off, as far as lines look like it.
_UP_TO_END = r"(?:(?:[^-]|-(?!----))*+-----END [0-9A-Z ]{0,60}-----|(?:(?:\s|\\[nr]){1,4}[0-9A-Za-z+/=]{20,})*+)"
PRIVATE_KEYS = (
    pattern(rf"-----BEGIN [0-9A-Z ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----{_UP_TO_END}", ("private key",)),
    pattern(
        r"Private-Lines: [0-9]{1,4}\s{1,4}\K(?:[0-9A-Za-z+/=]{20,}\s{0,2}){1,200}+",
        ("private-lines",),
    ),
)
# By the prefixes that those who issue them gave them.
_GITLAB = r"gl(?:agent|cbt|dt|ft|imt|oas|pat|ptt|rt|soat)-"
_PREFIXED = (
    r"npm_[0-9A-Za-z]{36}|hf_[0-9A-Za-z]{30,64}",
    r"sk-(?:admin|ant|or|proj|svcacct)-[0-9A-Za-z_-]{16,255}|sk-[0-9A-Za-z]{20,255}",
    r"sk-[0-9A-Za-z_-]{20,128}T3BlbkFJ[0-9A-Za-z]{20}",
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{10,255}|whsec_[0-9A-Za-z+/]{20,255}|shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}",
    r"AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,512}|(?:LTAI|AKID)[0-9A-Za-z]{12,40}|dop_v1_[0-9a-f]{64}",
)
_PREFIXES = (
    *("npm_", "hf_", "sk-", "k_live_", "k_test_", "whsec_", "shpat_", "shpca_", "shppa_", "shpss_"),
    *("aiza", "ya29.", "ltai", "akid", "dop_v1_"),
)
TOKENS = (
    pattern(rf"{LEFT}gh[oprsu]_[0-9A-Za-z]{{36,255}}", r"gh[oprsu]_"),
    pattern(rf"{LEFT}github_pat_[0-9A-Za-z_]{{22,255}}", ("github_pat_",)),
    pattern(rf"{LEFT}{_GITLAB}[0-9A-Za-z_-]{{20,255}}", _GITLAB),
    pattern(rf"{LEFT}(?:{'|'.join(_PREFIXED)})", _PREFIXES),
    # JSON Web Tokens.
    pattern(r"(?<![0-9A-Za-z_-])eyJ[0-9A-Za-z_-]{8,}+\.[0-9A-Za-z_-]{4,}+(?:\.[0-9A-Za-z_-]+)?", ("eyj",)),
)

# Their classes, by module, and a hint for all that each knows. Those that look for high entropy misfire. For GitHub,
# GitLab, OpenAI, JWT, private keys, URLs and assignments there are patterns of ours above: theirs take too little of a
# secret, or too long to find it.
_DETECTORS: dict[str, tuple[str, str | tuple[str, ...]]] = {
    "aws": ("AWSKeyDetector", ("a3t", "abia", "acca", "akia", "asia")),
    "azure_storage_key": ("AzureStorageKeyDetector", ("accountkey=",)),
    "discord": ("DiscordBotTokenDetector", r"\.[\w-]{6}\.[\w-]{27}"),
    "mailchimp": ("MailchimpDetector", ("-us",)),
    "pypi_token": ("PypiTokenDetector", ("pypi-age",)),
    "sendgrid": ("SendGridDetector", ("sg.",)),
    "slack": ("SlackDetector", ("xox", "hooks.slack.com")),
    "square_oauth": ("SquareOAuthDetector", ("sq0csp-",)),
    "stripe": ("StripeDetector", ("k_live_",)),
    "telegram_token": ("TelegramBotTokenDetector", r":[0-9a-z_-]{35}"),
    "twilio": ("TwilioKeyDetector", r"(?:ac|sk)[0-9a-z]{32}"),
}


def key_patterns() -> Iterator[Pattern]:
    """Yield what detect-secrets knows keys by. Its scanner, which obeys "allowlist" remarks in the text, is not used.

    Patterns with a group are left out: what they match is more than the key, and `ASSIGNED` finds it.
    """
    for module, (name, hint) in _DETECTORS.items():
        for known in getattr(import_module(f"detect_secrets.plugins.{module}"), name).denylist:
            if not known.groups:
                # Not in the middle of some base64. Small letters may precede: `bot` does in Telegram's addresses.
                flag = "i" if known.flags & re.IGNORECASE else ""
                yield pattern(f"(?<![0-9A-Z])(?{flag}:{known.pattern})", hint)
