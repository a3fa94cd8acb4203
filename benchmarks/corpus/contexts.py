"""What stands around a planted value: in English, in Chinese, in code. `¤` is where the value goes.

A plant is a class, what makes its values, and the places where such a value is one. Where its form alone does not say
so, each of its places does.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.corpus.values import Values


@dataclass(frozen=True, slots=True)
class Plant:
    """One way in which something of a class gets into a text."""

    kind: str
    make: Callable[[Values], str]
    english: tuple[str, ...]
    chinese: tuple[str, ...]
    code: tuple[str, ...]


ANY_ENGLISH = (
    "Mine is ¤, by the way.",
    "Could you check ¤ for me?",
    "I already tried ¤ (twice).",
    "They sent me this: ¤",
    "¤ — that is the one I meant.",
    "Put ¤ there, please.",
    "She wrote “¤” on the form.",
    "In the table: | Anna | ¤ | open |",
)
ANY_CHINESE = (
    "我的是¤，谢谢。",
    "请帮我看看¤对不对",
    "对方发来的是“¤”。",
    "资料里写着：¤；没有别的了",
    "用¤试了两次都不行！",
    "（¤）这个能用吗？",
)
ANY_CODE = (
    'value = "¤"',
    "    record('¤', active=True)",
    '{"value": "¤", "checked": false}',
    "# seen with ¤ on staging",
    "- item: ¤",
    "<td>¤</td>",
    "INSERT INTO facts VALUES (7, '¤');",
    "2024-03-01 12:00:05,113 INFO sent ¤",
)
ADDRESSED = Plant(
    "EMAIL",
    Values.email,
    (*ANY_ENGLISH, "Write to ¤.", "From: Anna Berg <¤>", "cc ¤, please", "My e-mail is ¤; it works again."),
    (*ANY_CHINESE, "邮箱：¤", "发到¤就可以", "联系¤或者打电话", "我的邮箱地址是¤。"),
    (*ANY_CODE, '<a href="mailto:¤">', "Author: Li Wei <¤>", "git config user.email ¤", "user,¤,2024-01-01"),
)
CALLED = Plant(
    "PHONE",
    Values.phone,
    (*ANY_ENGLISH, "Call ¤ after six.", "My mobile: ¤", "Ring me on ¤.", "Tel ¤"),
    (*ANY_CHINESE, "电话：¤", "打我手机¤", "请致电¤咨询", "手机号¤，微信同号"),
    (*ANY_CODE, 'phone: "¤"', "tel=¤", '"mobile": "¤",'),
)
SAID_TO_BE_CALLED = Plant(
    "PHONE",
    Values.phone_said,
    (
        "Call me at ¤.",
        "You can reach me on ¤ after six.",
        "My phone number is ¤, ask for Sam.",
        "Please text ¤ when you are there.",
        "Phone: ¤",
        "Tel. ¤",
        "Her mobile is ¤.",
        "fax no. ¤",
        "Give them a ring on ¤",
        "the best number to call is ¤",
        "Contact number: ¤",
    ),
    ("电话：¤", "我的手机号是¤。", "打我电话¤就行", "联系电话 ¤", "请拨打¤咨询", "座机¤", "客服热线：¤", "手机号码为¤"),
    (
        'phone="¤"',
        '"phone_number": "¤",',
        "customer.telephone = '¤'",
        '<a href="tel:¤">',
        "contact_phone: ¤",
        "MOBILE=¤",
        "'cell': '¤'}",
    ),
)
PAID = Plant(
    "CARD",
    Values.card,
    (*ANY_ENGLISH, "Card number ¤, exp 09/27, CVC 123.", "Charge my Visa ¤.", "It ends badly: ¤!"),
    (*ANY_CHINESE, "卡号：¤", "请从银行卡¤扣款", "信用卡号是¤，有效期09/27"),
    (*ANY_CODE, 'card_number = "¤"', '"pan": "¤"', "stripe charge --card ¤"),
)
BANKED = Plant(
    "IBAN",
    Values.iban,
    (*ANY_ENGLISH, "IBAN: ¤", "Please transfer it to ¤ by Friday.", "my account is ¤ at the savings bank"),
    (*ANY_CHINESE, "收款账号：¤", "请汇款到¤", "IBAN号码¤"),
    (*ANY_CODE, 'iban="¤"', '"account": "¤"', "iban: ¤"),
)
IDENTIFIED = Plant(
    "ID_NUMBER",
    Values.chinese_identity,
    (*ANY_ENGLISH, "My Chinese ID is ¤."),
    (*ANY_CHINESE, "身份证号：¤", "身份证号码是¤，请核对", "证件号¤"),
    (*ANY_CODE, 'id_card = "¤"', '"idNumber": "¤"'),
)
INSURED = Plant(
    "ID_NUMBER",
    Values.social_security,
    (*ANY_ENGLISH, "SSN ¤", "My social security number is ¤."),
    (*ANY_CHINESE, "社会安全号¤"),
    (*ANY_CODE, "ssn = '¤'", '"ssn": "¤"'),
)
SAID_TO_BE_INSURED = Plant(
    "ID_NUMBER",
    Values.social_security_said,
    ("My SSN is ¤.", "Social Security Number: ¤", "social security no. ¤"),
    ("我的社会安全号是¤。", "SSN：¤"),
    ("ssn = '¤'", '"ssn": "¤"', "SSN=¤"),
)
CONNECTED = Plant(
    "IP",
    Values.ip4,
    (
        "My IP address is ¤.",
        "The server at ¤ is down again.",
        "I can't ping ¤ from home.",
        "ssh into ¤ and look",
        "Its IP: ¤",
        "The router has ¤ as its gateway address",
        "we block all traffic from the host ¤",
        "the DNS servers are ¤ and the other one",
        "Connect to http://¤/admin first",
    ),
    ("服务器IP是¤。", "IP地址：¤", "我ping不通¤", "主机¤连不上", "内网地址¤", "网关为¤", "登录¤这台服务器"),
    (
        'host = "¤"',
        "server: ¤",
        "ssh root@¤",
        "curl http://¤:8080/health",
        "listen ¤:443;",
        "inet ¤/24 brd scope global eth0",
        '"ip": "¤"',
        "allow ¤/32",
        "REMOTE_ADDR=¤",
        "ping -c 3 ¤",
        '¤ - - [12/Mar/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 512',
        "Failed password for root from ¤ port 52144 ssh2",
        "nameserver ¤",
        "bind_address = '¤'",
    ),
)
CONNECTED_SIX = Plant(
    "IP", Values.ip6, ANY_ENGLISH, ANY_CHINESE, (*ANY_CODE, "inet6 ¤ prefixlen 64", "http://[¤]:8080/")
)
PREFIXED = Plant(
    "SECRET",
    Values.token,
    (*ANY_ENGLISH, "My key is ¤", "I get a 401 with ¤."),
    (*ANY_CHINESE, "我的密钥是¤", "令牌：¤"),
    (*ANY_CODE, 'client = Client(api_key="¤")', "export TOKEN=¤", "Authorization: Bearer ¤", "curl -H 'X-Api-Key: ¤'"),
)
ARMOURED = Plant(
    "SECRET",
    Values.private_key,
    ("This is what the file holds:\n¤\nWhy is it refused?",),
    ("文件内容如下：\n¤\n为什么不行？",),
    ("cat > key.pem <<EOF\n¤\nEOF", 'KEY = """¤"""', "tls.key: |\n¤\n"),
)
QUOTED_CODE = (
    'password = "¤"',
    "DB_PASSWORD = '¤'",
    '"password": "¤",',
    "'PASSWORD': '¤',",
    'const password = "¤";',
    'String dbPassword = "¤";',
    'private static final String PASSWORD = "¤";',
    'let secret = "¤";',
    'conn = connect(user="app", password="¤")',
    "$config['password'] = '¤';",
    'passwd := "¤"',
    'SECRET_KEY = "¤"',
    '    "client_secret" : "¤"',
    "CREATE USER app IDENTIFIED BY '¤';",
    "ALTER ROLE app WITH PASSWORD '¤';",
    '<add key="password" value="¤" />',
    'if password == "¤":',
    'define("DB_PASSWORD", "¤");',
    'os.environ["PGPASSWORD"] = "¤"',
    'login("anna", password: "¤")',
)
PROTECTED = Plant(
    "SECRET",
    Values.password,
    (
        "My password is ¤",
        "The wifi password: ¤",
        "the password is ¤ but it is refused",
        "Username anna, password ¤",
        "pwd: ¤",
        "I changed the passphrase to ¤",
    ),
    ("密码是¤", "密码：¤", "我的密码为 ¤ 登录不了", "账号anna 密码¤", "口令：¤"),
    (
        *QUOTED_CODE,
        "DB_PASSWORD=¤",
        "export PGPASSWORD=¤",
        "spring.datasource.password=¤",
        "  password: ¤",
        "      - POSTGRES_PASSWORD=¤",
        "<password>¤</password>",
        "mysql --user=root --password=¤ shop",
        "sshpass -p '¤' ssh deploy",
        "curl -u anna:¤ https://git.example.com/api",
        "mysqldump -u root -p'¤' shop > shop.sql",
        "redis-cli -h cache -a '¤' info",
        "docker run -e MYSQL_ROOT_PASSWORD=¤ mysql",
        "Server=db;Database=shop;User Id=sa;Password=¤;Encrypt=true",
        "jdbc:postgresql://db/shop?user=app&password=¤",
        "machine db login anna password ¤",
    ),
)
WORDED = Plant("SECRET", Values.phrase, (), (), QUOTED_CODE)
KEYED = Plant(
    "SECRET",
    Values.random_key,
    ("My api key is ¤", "api_key: ¤", "this is the access token: ¤"),
    ("密钥是¤", "令牌：¤", "API key：¤"),
    (
        'api_key = "¤"',
        "API_KEY=¤",
        'apiKey: "¤",',
        "aws_secret_access_key = ¤",
        "AWS_SECRET_ACCESS_KEY=¤",
        'access_token="¤"',
        "Authorization: Bearer ¤",
        '"secret_key": "¤"',
        "https://api.example.com/v1/items?token=¤",
        "client.auth(token='¤')",
        "SECRET_KEY = '¤'",
        "x-api-key: ¤",
        "--token ¤",
        "ENCRYPTION_KEY: ¤",
        'headers = {"Authorization": "Token ¤"}',
    ),
)
IN_ADDRESS = Plant(
    "SECRET",
    lambda values: values.english.password(length=12, special_chars=False),
    ("I connect with postgres://app:¤@db.example.com/shop and it hangs.",),
    ("连接串是mysql://root:¤@db.example.com:3306/shop",),
    (
        'DATABASE_URL="postgres://app:¤@db:5432/shop"',
        "redis://:¤@cache:6379/0",
        "git clone https://anna:¤@git.example.com/shop.git",
        "amqp://guest:¤@queue//",
        "mongodb+srv://app:¤@cluster0.example.net/?w=majority",
    ),
)
PLANTS = (
    *(ADDRESSED, ADDRESSED, CALLED, CALLED, SAID_TO_BE_CALLED, PAID, PAID, BANKED, BANKED, IDENTIFIED, IDENTIFIED),
    *(INSURED, SAID_TO_BE_INSURED, CONNECTED, CONNECTED, CONNECTED_SIX),
    *(PREFIXED, ARMOURED, PROTECTED, WORDED, KEYED, IN_ADDRESS),
)
