"""What looks like something sensitive and is not, as its place says: versions, hashes, dates, prices, orders and more.

Numbers of orders and the like are drawn freely, so now and then one passes a checksum by chance, as in life.
"""

import re
import string
from datetime import UTC, datetime, timedelta
from random import Random

from faker import Faker

from benchmarks.corpus.values import ALPHANUMERIC

ENGLISH = (
    "Upgrade to version {version4} first.",
    "It broke between v{version3} and v{version4}.",
    "We run Chrome {version4} and Node {version3}.",
    "The commit is {sha1}, see also {short}.",
    "Its SHA-256 is {sha256}.",
    "md5sum says {md5}.",
    "The meeting is on {date_iso} at {time}.",
    "It was {date_us} or {date_dots}, I forget.",
    "The log starts at {timestamp} and ends an hour later.",
    "{seconds} is the epoch in seconds, {milliseconds} in milliseconds.",
    "It costs ${price} or €{price_eu} with tax.",
    "They paid {thousands} dollars for {small} units.",
    "Order {order} was shipped; order #{order_dashed} was not.",
    "Invoice INV-{year}-{six} for ticket #{seven} is overdue.",
    "The request id was {uuid}.",
    "See section {section4} on page {small}.",
    "ISBN {isbn13} is out of print.",
    "Tracking number {tracking} has not moved.",
    "The peak is at {latitude}, {longitude}.",
    "Pi is 3.14159265358979 and e is 2.718281828.",
    "The population grew from {spaced} to {spaced} people.",
    "We measured {decimal}, {decimal} and {decimal} seconds.",
    "The interface has the MAC {mac}.",
    "It is {small} of {small}, or {percent} %.",
    "Line {small}, column {small}: {seven} bytes left.",
    "They won {small}-{small} in the years {year}-{year}.",
    "How do I reset my password without losing the API key?",
    "A password should be long; a token should expire.",
    "The password field is empty and the secret is not set.",
    "Use the key {order_letters} of the dictionary.",
    "Mention @anna or @team/core in the review.",
    "Opening hours: 09:00-17:00, room 4.12.201.",
    "Flight LH{three} leaves at {time} from gate B{two}.",
    "The phone has a {decimal} inch screen and costs {three} euros.",
    "I can call it {small} times before the server returns {three}.",
)
CHINESE = (
    "请先升级到版本{version4}。",
    "提交{sha1}引入了这个问题。",
    "文件的MD5是{md5}。",
    "会议在{date_cn}{time}开始。",
    "时间戳{milliseconds}对应哪一天？",
    "售价{price}元,比去年的{thousands}元便宜。",
    "订单号{order}已经发货。",
    "请求编号：{uuid}",
    "见第{section4}节。",
    "书号{isbn13}",
    "坐标是{latitude}，{longitude}。",
    "快递单号{tracking}还没有更新。",
    "一共{seven}条记录，第{small}行出错。",
    "密码忘了怎么办？令牌过期了吗？",
    "服务器返回{three}，版本是{version3}。",
    "手机屏幕{decimal}英寸，价格{thousands}元。",
    "人口从{spaced}增加到{seven}。",
    "发票号码{eight}，金额{price}。",
    "QQ群里有{three}人，第{two}名。",
)
CODE = (
    '__version__ = "{version4}"',
    "requests=={version3}",
    '"typescript": "^{version3}",',
    "FROM python:{version3}-slim",
    "<Version>{version4}</Version>",
    '[assembly: AssemblyVersion("{version4}")]',
    "commit {sha1}",
    "sha256:{sha256}",
    '"integrity": "sha512-{base64}==",',
    "    --hash=sha256:{sha256} \\",
    'id = "{uuid}"',
    "created_at: {timestamp}",
    "{date_iso} {time}:05,123 INFO worker-{two} done in {decimal}s",
    "EXPIRES = {seconds}  # seconds",
    "now_ms = {milliseconds}",
    "#define MAGIC 0x{short}",
    "color: #{hex6}; margin: {two}px {small}px;",
    "xs = [{small}, {three}, {seven}, {order}]",
    "SEED = {order}",
    "EPSILON = {decimal}e-9",
    "at com.example.Main.run(Main.java:{three})",
    '  File "/srv/app/main.py", line {three}, in <module>',
    "password = getpass.getpass()",
    "password = os.environ['PASSWORD']",
    'token = request.headers.get("X-Token")',
    "const { password, token } = req.body;",
    "apiKey: process.env.API_KEY,",
    "PASSWORD=${DB_PASSWORD}",
    'password: "{{ vault_password }}"',
    "def check_password(self, password: str) -> bool:",
    "if token.kind == TokenKind.NUMBER2:",
    'input type="password" name="password1" autocomplete="new-password"',
    "secret = settings.SECRET_KEY",
    "key = cache_key_for(user_id, version=2)",
    "SELECT password_hash FROM users WHERE id = {seven};",
    "@app.route('/users/<int:id>')",
    "@pytest.mark.parametrize('x', [1, 2])",
    "C = A @ B.T + np.eye({two})",
    "git clone git@github.com:psf/requests.git",
    'import x from "@scope/package@{version3}";',
    "http://localhost:8000/v1/items?id={seven}",
    "host = '127.0.0.1'",
    "0.0.0.0:{four}->80/tcp",
    "link/ether {mac} brd ff:ff:ff:ff:ff:ff",
    "std::vector<std::pair<int, int>> xs;",
    "xs[1::2], ys[::-1]",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{base43} build",
    "-----BEGIN CERTIFICATE-----",
    "M {decimal} {decimal} L {three} {three} C {decimal},{decimal} {three},{two} 0,0 Z",
    "00000010: 7f45 4c46 0201 0100 0000 0000 0000 0000",
    "{seven} {seven} {three} {small}",
    "+{three} -{two} lines, {percent}%",
    "TOTAL {four} {three} {two}%",
)


class Traps:
    """Draws texts that hold nothing sensitive."""

    def __init__(self, draw: Random) -> None:
        self.draw, self.faker = draw, Faker("en_US")
        self.faker.seed_instance(draw.getrandbits(32))

    def drawn(self, templates: tuple[str, ...]) -> str:
        """Return one of some templates, filled in."""
        return re.sub(r"(?<!\$)\{(\w+)\}", lambda name: self.named(name[1]), self.draw.choice(templates))

    def digits(self, length: int) -> str:
        """Return a number of so many digits."""
        return self.draw.choice("123456789") + "".join(self.draw.choices(string.digits, k=length - 1))

    def named(self, name: str) -> str:
        """Return what a name in a template stands for."""
        draw, digits = self.draw, self.digits
        number = draw.randint
        if name in LENGTHS:
            return digits(LENGTHS[name])
        if name in HEXADECIMAL:
            return f"{draw.getrandbits(4 * HEXADECIMAL[name]):0{HEXADECIMAL[name]}x}"
        if name in BASE64:
            return "".join(draw.choices(ALPHANUMERIC + "+/", k=BASE64[name]))
        if name in DATES:
            return (START + timedelta(microseconds=draw.randrange(SPAN))).strftime(DATES[name])
        return {
            "version3": lambda: f"{number(0, 30)}.{number(0, 40)}.{number(0, 20)}",
            "version4": lambda: f"{number(0, 130)}.{number(0, 30)}.{number(0, 255)}.{number(0, 255)}",
            "section4": lambda: ".".join(str(number(1, 12)) for _ in range(4)),
            "small": lambda: str(number(1, 99)),
            "order": lambda: digits(number(6, 20)),
            "order_dashed": lambda: f"{digits(3)}-{digits(7)}-{digits(7)}",
            "order_letters": lambda: f"{draw.choice('ABCDEFGH')}{digits(2)}-{digits(5)}",
            "tracking": lambda: draw.choice([f"1Z{digits(3)}AA{digits(10)}", f"SF{digits(13)}", f"RR{digits(9)}CN"]),
            "price": lambda: f"{number(1, 9)},{number(100, 999)}.{number(10, 99)}",
            "price_eu": lambda: f"{number(1, 999)}.{number(100, 999)},{number(10, 99)}",
            "thousands": lambda: f"{number(1, 999)},{number(100, 999)}",
            "spaced": lambda: f"{number(1, 99)} {number(100, 999)} {number(100, 999)}",
            "decimal": lambda: f"{draw.random() * 10:.{number(2, 12)}f}",
            "percent": lambda: f"{draw.random() * 100:.2f}",
            "latitude": lambda: f"{draw.uniform(-90, 90):.6f}",
            "longitude": lambda: f"{draw.uniform(-180, 180):.6f}",
            "isbn13": self.faker.isbn13,
            "uuid": self.faker.uuid4,
            "mac": self.faker.mac_address,
            "year": lambda: str(number(1950, 2026)),
        }[name]()


# Twenty years, in microseconds.
START, SPAN = datetime(2005, 1, 1, tzinfo=UTC), 20 * 365 * 86_400 * 10**6
LENGTHS = {"two": 2, "three": 3, "four": 4, "six": 6, "seven": 7, "eight": 8}
HEXADECIMAL = {"md5": 32, "sha1": 40, "sha256": 64, "short": 8, "hex6": 6}
BASE64 = {"base64": 86, "base43": 43}
DATES = {
    **{"date_iso": "%Y-%m-%d", "date_us": "%m/%d/%Y", "date_dots": "%d.%m.%Y", "date_cn": "%Y年%m月%d日"},
    **{
        "time": "%H:%M",
        "timestamp": "%Y-%m-%dT%H:%M:%S.%fZ",
        "seconds": "1%y%m%d%H%M"[:12],
        "milliseconds": "17%d%H%M%S%f"[:14],
    },
}
