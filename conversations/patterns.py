r"""The patterns of what is sensitive in anyone's texts: how each may be written, and what must stand around it.

A pattern only proposes; `validity.py` tells whether it is one. `regex` reads them: it has possessive quantifiers,
looks behind at any width, and `\K` begins a match. `\b` sees no boundary between a letter and 中文, so boundaries are
ASCII. Every repetition is bounded or possessive behind something rare: time must grow with the length of a text,
whoever wrote it.
"""

LEFT, RIGHT = r"(?<![0-9A-Za-z]|[0-9]\.)", r"(?![0-9A-Za-z]|\.[0-9])"

# Letters of Latin scripts; the local part and the domain end where Chinese begins.
_L = "0-9A-Za-zÀ-ɏ"
_LOCAL = rf"(?<![{_L}_])[{_L}_][{_L}_.%+\-]{{0,127}}"
_LABEL = rf"[{_L}](?:[{_L}\-]{{0,61}}[{_L}])?\."
_TOP = rf"(?:xn--[0-9A-Za-z\-]{{2,59}}|[A-Za-z]{{2,24}})(?![{_L}])"
# The longest domain, and the shortest: "a@example.com.Then" has no space, and no such suffix.
EMAILS = (rf"{_LOCAL}@(?:{_LABEL}){{1,8}}{_TOP}", rf"{_LOCAL}@(?:{_LABEL}){{1,8}}?{_TOP}")

_EXTENSION = r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?"
# Not one of a row of numbers, as tables have them.
_ALONE, _ENDING = r"(?<![0-9A-Za-z+]|[0-9][ .-])", rf"(?![ .-][0-9]){RIGHT}"
_PHONE_WORDS = (
    r"(?i:(?<![A-Za-z])(?:tele(?:phone)?|tel|phone|mobile|cell(?:phone)?|fax|whats ?app)(?![A-Za-z])"
    r"|电话|手机|座机|传真|致电|拨打|微信)(?:[ _]?(?:number|no\.?|is|at|me|us|on|号码?|是|为|[:：='\"])){0,5} ?\K"
)
_DATE = r"(?:19|20)[0-9]{2}[ .-][0-9]{1,2}[ .-]"
# No decimal number.
_ABROAD = r"(?<![0-9A-Za-z+])(?!\+[0-9]{1,20}\.[0-9]{1,20}(?![0-9.]))(?:\+|00(?=[1-9][0-9]?[ -]))"
_AREA = r"(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])"
PHONES = (
    # International, with 8 to 15 digits (E.164).
    rf"{_ABROAD}[1-9](?:[ .()-]{{0,2}}[0-9]){{7,14}}{_EXTENSION}{RIGHT}",
    # North America, with its separators.
    rf"{_ALONE}(?:1[ .-])?{_AREA}[2-9][0-9]{{2}}[ .-][0-9]{{4}}{_EXTENSION}{_ENDING}",
    # Mainland China's mobiles.
    rf"{LEFT}(?:(?:00)?86[ -]?)?1[3-9][0-9][ -]?[0-9]{{4}}[ -]?[0-9]{{4}}{RIGHT}",
    # The United Kingdom's mobiles; then others with a leading zero: its land lines, Germany's, China's; France's.
    rf"{LEFT}07[0-9]{{9}}{RIGHT}",
    rf"{_ALONE}\(?0[1-9][0-9]{{1,4}}(?:\) ?|[ /-])[0-9]{{3,4}}[ -]?[0-9]{{3,5}}{_ENDING}",
    rf"{_ALONE}0[1-9](?:[ .-][0-9]{{2}}){{4}}{_ENDING}",
    # Whatever is called one, as long as it is no date.
    rf"{_PHONE_WORDS}(?!{_DATE})\(?[0-9](?:[ .()-]{{0,2}}[0-9]){{6,13}}{RIGHT}",
)

CARDS = (
    rf"{LEFT}[2-68][0-9]{{12,18}}{RIGHT}",
    # In groups of four, alone or with what is left over (UnionPay); in the groups of American Express and Diners Club.
    rf"{LEFT}[2-68][0-9]{{3}}(?:([ -])[0-9]{{4}})(?:\1[0-9]{{4}}){{2}}{RIGHT}",
    rf"{LEFT}[2-68][0-9]{{3}}(?:([ -])[0-9]{{4}})(?:\1[0-9]{{4}}){{2}}\1[0-9]{{1,3}}{RIGHT}",
    rf"{LEFT}3[0-9]{{3}}([ -])[0-9]{{6}}\1[0-9]{{4,5}}{RIGHT}",
    rf"{LEFT}6[0-9]{{5}}[ -][0-9]{{10,13}}{RIGHT}",
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
IBAN = rf"{LEFT}(?ai:{'|'.join(_COUNTRIES)}){RIGHT}"

_BIRTHDAY = r"(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
CHINESE_IDENTITY = rf"{LEFT}[1-8][0-9]{{5}}[ -]?{_BIRTHDAY}[ -]?[0-9]{{3}}[0-9Xx]{RIGHT}"
# United States: what was never issued is none. Without its hyphens it is one where the text says so.
_SSN_WORDS = (
    r"(?i:(?<![A-Za-z])(?:ssn|social security)|社会安全号|社保号)"
    r"(?i:[ _]?(?:number|no\.?|code|is|码|是|为|[:：=#'\"])){0,5} ?\K"
)
SOCIAL_SECURITY = (
    rf"(?<![0-9A-Za-z]|[0-9][.-])(?!000|666)[0-9]{{3}}-(?!00)[0-9]{{2}}-(?!0000)[0-9]{{4}}(?!-[0-9]){RIGHT}",
    rf"{_SSN_WORDS}(?!000|666)[0-9]{{3}}[ .-]?(?!00)[0-9]{{2}}[ .-]?(?!0000)[0-9]{{4}}{RIGHT}",
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
ADDRESSES = (
    rf"(?=[0-9]{{1,3}}\.[0-9]){_NO_VERSION}(?:(?<=@|://){_FOUR}|{_FOUR}{_AFTER}|(?<={_HOST_WORDS}{_CONNECTING}){_FOUR})",
    rf"(?i)(?<![0-9a-z:.])(?:{_SIX})(?![0-9a-z]|:[0-9a-f:])",
)
