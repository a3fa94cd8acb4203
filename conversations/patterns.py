r"""The patterns of what is sensitive in anyone's texts: how each may be written, and what must stand around it.

A pattern only proposes; `validity.py` tells whether it is one. `regex` reads them: it has possessive quantifiers,
looks behind at any width, and `\K` begins a match. `\b` sees no boundary between a letter and 中文, so boundaries are
ASCII. Every repetition is bounded or possessive behind something rare: time must grow with the length of a text,
whoever wrote it.
"""

from conversations.hints import pattern

LEFT, RIGHT = r"(?<![0-9A-Za-z]|[0-9]\.)", r"(?![0-9A-Za-z]|\.[0-9])"

# Letters of Latin scripts; the local part and the domain end where Chinese begins.
_L = "0-9A-Za-zÀ-ɏ"
_LOCAL = rf"(?<![{_L}_])[{_L}_][{_L}_.%+\-]{{0,127}}"
_NAME = rf"[{_L}](?:[{_L}\-]{{0,61}}[{_L}])?"
_LABEL = rf"{_NAME}\."
_TOP = rf"(?:xn--[0-9A-Za-z\-]{{2,59}}|[A-Za-z]{{2,24}})(?![{_L}])"
# The longest domain, and the shortest: "a@example.com.Then" has no space, and no such suffix.
_EMAIL_HINT = r"[^\s@]@[^\s@]+\.[^\s@]"
# Chinese keyboards write a full stop for a point. Where the first is a point, a full stop ends the sentence.
_STOPPED = rf"{_LOCAL}@{_NAME}[。｡]"
_STOPPED_HINT = r"[^\s@]@[^\s@]+[。｡][^\s@]"
EMAILS = (
    pattern(rf"{_LOCAL}@(?:{_LABEL}){{1,8}}{_TOP}", ("@",), _EMAIL_HINT),
    pattern(rf"{_LOCAL}@(?:{_LABEL}){{1,8}}?{_TOP}", ("@",), _EMAIL_HINT),
    pattern(rf"{_STOPPED}(?:{_NAME}[.。｡]){{0,7}}{_TOP}", ("@",), _STOPPED_HINT),
    pattern(rf"{_STOPPED}(?:{_NAME}[.。｡]){{0,7}}?{_TOP}", ("@",), _STOPPED_HINT),
)

# Seven digits, with what may group them.
_NUMBER = r"[0-9](?:[ .()/-]{0,2}[0-9]){6}"
_EXTENSION = r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?"
# Not one of a row of numbers, as tables have them.
_ALONE, _ENDING = r"(?<![0-9A-Za-z+]|[0-9][ .-])", rf"(?![ .-][0-9]){RIGHT}"
_PHONE_WORDS = (
    r"(?i:(?<![A-Za-z])(?:tele(?:phone)?|tel|phone|mobile|cell(?:phone)?|fax|whats ?app)(?![A-Za-z])"
    r"|(?<![A-Za-z])(?:my|his|her|our|their|contact|home|work|office|daytime|emergency|best) number(?: to call)?"
    r"|电话|手机|座机|传真|致电|拨打|微信|热线|联系方式)"
    r"(?:[ _]?(?:number|no\.?|is|at|me|us|on|号码?|是|为|[:：='\".])){0,5} ?"
)
# Verbs, which code has too: only words may follow them.
_CALLING = (
    r"(?i:(?<![A-Za-z])(?:(?:call|text|dial|ring|phone)(?: (?:me|us|him|her|them))?"
    r"|(?:reach|message|contact) (?:me|us|him|her|them))(?: back)?(?: (?:at|on|under))? )"
)
_CALLED_WORDS = (
    *("tel", "phone", "mobile", "cell", "fax", "whats", "number", "call", "text", "dial", "ring", "reach", "message"),
    *("contact", "电话", "手机", "座机", "传真", "致电", "拨打", "微信", "热线", "联系方式"),
)
_BEFORE_NUMBER = (
    *("tel", "tele", "phone", "mobile", "cell", "fax", "app", "number", "call", "text", "dial", "ring", "no", "is"),
    *("me", "us", "him", "her", "them", "back", "at", "on", "under"),
)
_DATE = r"(?:19|20)[0-9]{2}[ .-][0-9]{1,2}[ .-]"
# No decimal number.
_ABROAD = (
    r"(?<![0-9A-Za-z+])(?!\+[0-9]{1,20}\.[0-9]{1,20}(?![0-9.]))"
    r"(?:\((?=\+[1-9][0-9]{0,2}\)))?(?:\+|00(?=[1-9][0-9]?[ -]))"
)
# Where a pattern could begin anywhere, a set comes first: `regex` skips to it.
PHONES = (
    # International, with 8 to 15 digits (E.164).
    pattern(
        rf"{_ABROAD}[1-9](?:[ .()-]{{0,2}}[0-9]){{7,14}}{_EXTENSION}{RIGHT}",
        _NUMBER,
        r"\+[1-9]|00[1-9][0-9]?[ -]",
    ),
    # North America, with its separators.
    pattern(
        rf"(?=[(1-9]){_ALONE}(?:1[ .-])?(?:\([1-9][0-9]{{2}}\) ?|[1-9][0-9]{{2}}[.-])[0-9]{{3}}[ .-][0-9]{{4}}"
        rf"{_EXTENSION}{_ENDING}",
        _NUMBER,
        r"[).-] ?[0-9]{3}[ .-][0-9]{4}",
    ),
    pattern(
        rf"(?=[1-9]){_ALONE}(?:1 )?[2-9][0-9]{{2}} [2-9][0-9]{{2}}[ -][0-9]{{4}}{_EXTENSION}{_ENDING}",
        _NUMBER,
        r"[0-9]{3} [0-9]{3}[ -][0-9]{4}",
    ),
    # Mainland China's mobiles.
    pattern(
        rf"{LEFT}(?:(?:00)?86[ -]?)?1[3-9][0-9][ -]?[0-9]{{4}}[ -]?[0-9]{{4}}{RIGHT}",
        _NUMBER,
        r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])",
    ),
    # The United Kingdom's mobiles; then others with a leading zero: its land lines, Germany's, China's; France's.
    pattern(rf"{LEFT}07[0-9]{{9}}{RIGHT}", _NUMBER, r"07[0-9]{9}"),
    pattern(
        rf"{_ALONE}(?:\((?=0[0-9]{{2,5}}\)))?0[1-9][0-9]{{1,4}}(?:\) ?|[ /-])[0-9]{{3,4}}[ -]?[0-9]{{3,5}}{_ENDING}",
        _NUMBER,
        r"0[1-9][0-9]{1,4}(?:\) ?|[ /-])[0-9]{3,4}[ -]?[0-9]{3}",
    ),
    pattern(rf"{_ALONE}0[1-9](?:[ .-][0-9]{{2}}){{4}}{_ENDING}", _NUMBER, r"0[1-9](?:[ .-][0-9]{2}){4}"),
    # Whatever is called one, as long as it is no date.
    pattern(
        rf"(?<![0-9])(?:[0-9]|\((?=[0-9]{{1,6}}\)))(?<=(?:{_PHONE_WORDS}|{_CALLING})\(?(?!{_DATE})[(0-9])"
        # The parenthesis is none of its seven to fourteen digits.
        rf"(?:(?<=\()[0-9]|(?<!\())(?:[ .()-]{{0,2}}[0-9]){{6,13}}{RIGHT}",
        _NUMBER,
        _CALLED_WORDS,
        rf"(?:{'|'.join(_BEFORE_NUMBER)}|[:：='\".话机真电打信线式号码是为]) ?\({{0,2}}(?!{_DATE})"
        r"[0-9](?:[ .()-]{0,2}[0-9]){6}",
    ),
)

_DOZEN = r"[0-9](?:[ .-]?[0-9]){11}"
CARDS = (
    pattern(rf"{LEFT}[0-68][0-9]{{11,18}}{RIGHT}", _DOZEN, r"(?<![0-9])[0-68][0-9]{11}"),
    # In groups of four, alone or with what is left over (UnionPay); in the groups of American Express and Diners Club.
    pattern(
        rf"{LEFT}[0-68][0-9]{{3}}([ -])[0-9]{{4}}\1[0-9]{{4}}(?:\1[0-9]{{4}})?{RIGHT}",
        _DOZEN,
        r"[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}",
    ),
    pattern(
        rf"{LEFT}[0-68][0-9]{{3}}([ -])[0-9]{{4}}\1[0-9]{{4}}(?:\1[0-9]{{4}})?\1[0-9]{{1,3}}{RIGHT}",
        _DOZEN,
        r"[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}",
    ),
    # With points only in full: numbers of parts and of tariffs have them too.
    pattern(rf"{LEFT}[0-68][0-9]{{3}}(?:\.[0-9]{{4}}){{3}}{RIGHT}", _DOZEN, r"[0-9]{4}(?:\.[0-9]{4}){3}"),
    pattern(
        rf"{LEFT}[1-3][0-9]{{3}}([ -])[0-9]{{6}}\1[0-9]{{4,5}}{RIGHT}", _DOZEN, r"[0-9]{4}[ -][0-9]{6}[ -][0-9]{4}"
    ),
    pattern(rf"{LEFT}6[0-9]{{5}}[ -][0-9]{{10,13}}{RIGHT}", _DOZEN, r"6[0-9]{5}[ -][0-9]{10}"),
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
# One letter first, for speed; what it must be is looked up from before it.
_COUNTRIES = (
    rf"(?<=(?={'|'.join(names.split())}).)[A-Z][0-9]{{2}}(?:[ -]?[0-9A-Z]){{{length}}}"
    for length, names in _IBANS.items()
)
IBANS = (
    pattern(
        rf"(?a:[A-Za-z](?=[A-Za-z][0-9]{{2}})(?<={LEFT}.)(?i:{'|'.join(_COUNTRIES)}){RIGHT})",
        r"[0-9](?<=[a-z]{2}.)[0-9](?:[ -]?[0-9a-z]){11}",
    ),
)

_BIRTHDAY = r"(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
CHINESE_IDENTITIES = (
    pattern(
        rf"{LEFT}[1-8][0-9]{{5}}[ -]?{_BIRTHDAY}[ -]?[0-9]{{3}}[0-9Xx]{RIGHT}",
        _DOZEN,
        r"[0-9]{6}[ -]?[0-9]{8}[ -]?[0-9]{3}",
    ),
)
# United States: what was never issued is none. Without its hyphens it is one where the text says so.
_SSN_WORDS = (
    r"(?i:(?<![A-Za-z])(?:ssn|social security)|社会安全号|社保号)"
    r"(?i:[ _]?(?:number|no\.?|code|is|码|是|为|[:：=#'\"])){0,5} ?\K"
)
SOCIAL_SECURITY = (
    pattern(
        rf"(?<![0-9A-Za-z]|[0-9][.-])(?!000|666)[0-9]{{3}}-(?!00)[0-9]{{2}}-(?!0000)[0-9]{{4}}(?!-[0-9]){RIGHT}",
        _NUMBER,
        r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
    ),
    pattern(
        rf"{_SSN_WORDS}(?!000|666)[0-9]{{3}}[ .-]?(?!00)[0-9]{{2}}[ .-]?(?!0000)[0-9]{{4}}{RIGHT}",
        _NUMBER,
        ("ssn", "social security", "社会安全号", "社保号"),
    ),
)

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_FOUR = rf"{_OCTET}(?:\.{_OCTET}){{3}}(?![0-9A-Za-z]|\.[0-9A-Za-z]|-[A-Za-z])"
_NO_VERSION = (
    r"(?<![0-9A-Za-z.]|[A-Za-z]-|第)(?<!(?:(?<![A-Za-z])(?i:version|ver\.?|release|build)|版本号?)[ :：=是为]{0,3})"
)
_HOST_WORDS = (
    r"(?i:(?<![A-Za-z])(?:ips?|ipv4|inet|addr(?:ess(?:es)?)?|host(?:s|name)?|servers?|gateway|dns|nameserver|subnet|proxy|vpn"
    r"|ping|ssh|scp|telnet|traceroute|nmap|curl|wget|bind|listen(?:s|ing)?)(?![A-Za-z])"
    r"|地址|服务器|主机|网关|子网|代理|内网|外网|公网)"
)
# Between such a word and the number, in one sentence: signs, other numbers, 中文, options, words that only connect.
_CONNECTING = (
    r"(?:[^A-Za-z\n.。！？；]|\.(?!\s)|(?<=\s-)[A-Za-z](?![A-Za-z])"
    r"|(?<![A-Za-z])(?i:is|are|was|of|at|for|to|the|and|or|on|in|into|new|my|our|its)(?![A-Za-z])){0,40}"
)
# A port, a prefix length, the line of a log, or what it is, after the number.
_AFTER = (
    r"(?=:[0-9]{2,5}(?![0-9.])|/(?:3[0-2]|[12]?[0-9])(?![0-9A-Za-z.])| port [0-9]| - \S{1,32} \["
    rf"|[^0-9A-Za-z\n.。！？；]{{0,8}}(?:(?:is|was|as) (?:the|my|our|its|an?) (?:[a-z]{{1,12}} )?)?{_HOST_WORDS})"
)
# Version 6 in full; or short, as it is given to machines: `a::b` and `[1::2]` are code.
_SIX = (
    r"(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|2[0-9a-f]{3}:[0-9a-f]{1,4}:[0-9a-f:]{0,30}(?:[0-9a-f]|::)"
    rf"|f(?:[cd][0-9a-f]{{2}}|e[89ab][0-9a-f]):[0-9a-f]{{0,4}}:[0-9a-f:]{{0,30}}(?:[0-9a-f]|::)|::ffff:{_FOUR}"
)
ADDRESSES = (
    pattern(
        rf"[0-9](?=[0-9]{{0,2}}\.[0-9]{{1,3}}\.[0-9])(?<={_NO_VERSION}.)"
        rf"(?<=(?=(?<=@|://){_FOUR}|{_FOUR}{_AFTER}|(?<={_HOST_WORDS}{_CONNECTING}){_FOUR}).)"
        r"[0-9]{0,2}(?:\.[0-9]{1,3}){3}",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
    ),
    pattern(
        rf"(?i)(?<![0-9a-z:.])(?:{_SIX})(?![0-9a-z]|:[0-9a-f:])",
        r":[0-9a-f]{0,4}:",
        r"2[0-9a-f]{3}:[0-9a-f]|f[cde][0-9a-f]{2}:[0-9a-f:]|::ffff:|(?:[0-9a-f]{1,4}:){7}",
    ),
)
