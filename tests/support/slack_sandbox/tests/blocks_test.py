"""Boundary tests of every documented limit: the maximum is accepted, one more is refused with a JSON pointer."""
import unittest

from slack_sandbox.blocks import MAX_TOTAL, check, units, with_ids


def plain(text, **more):
    return {"type": "plain_text", "text": text, **more}


def mrkdwn(text, **more):
    return {"type": "mrkdwn", "text": text, **more}


def button(text="Open", **more):
    return {"type": "button", "text": plain(text), **more}


def header(text):
    return {"type": "header", "text": plain(text)}


def section(text="text", **more):
    return {"type": "section", "text": mrkdwn(text), **more}


def actions(*elements, **more):
    return {"type": "actions", "elements": list(elements), **more}


def context(*elements):
    return {"type": "context", "elements": list(elements)}


def option(text="Pick", value="v", **more):
    return {"text": plain(text), "value": value, **more}


def overflow(count):
    return actions({"type": "overflow", "options": [option(value=str(n)) for n in range(count)]})


def select(count, **more):
    return actions({"type": "static_select", "options": [option(value=str(n)) for n in range(count)], **more})


def confirm(title=1, text=1, yes=1, no=1):
    return actions(
        button(confirm={"title": plain("t" * title), "text": mrkdwn("t" * text), "confirm": plain("y" * yes), "deny": plain("n" * no)})
    )


def image(url=30, alt=3, title=3):
    return {"type": "image", "image_url": "https://x.example/".ljust(url, "a"), "alt_text": "a" * alt, "title": plain("t" * title)}


def table(rows=1, cells=1, columns=0, text="x"):
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * cells] * rows, "column_settings": [{}] * columns}


LINK = "https://x.example/"

# name, maximum, pointer, a message with n units
LIMITS = [
    ("blocks", 50, "/blocks", lambda n: [{"type": "divider"}] * n),
    ("header", 150, "/blocks/0/text/text", lambda n: [header("h" * n)]),
    ("header in UTF-16", 75, "/blocks/0/text/text", lambda n: [header("\U0001f600" * n)]),
    ("section text", 3000, "/blocks/1/text/text", lambda n: [header("h"), section("s" * n)]),
    ("escapes count as sent", 600, "/blocks/0/text/text", lambda n: [section("&amp;" * n)]),
    ("section fields", 10, "/blocks/0/fields", lambda n: [{"type": "section", "fields": [mrkdwn("f")] * n}]),
    ("field text", 2000, "/blocks/0/fields/1/text", lambda n: [{"type": "section", "fields": [mrkdwn("f"), mrkdwn("f" * n)]}]),
    ("context elements", 10, "/blocks/0/elements", lambda n: [context(*[mrkdwn("c")] * n)]),
    ("context text", 3000, "/blocks/0/elements/0/text", lambda n: [context(mrkdwn("c" * n))]),
    ("buttons", 25, "/blocks/0/elements", lambda n: [actions(*[button()] * n)]),
    ("button text", 75, "/blocks/0/elements/0/text/text", lambda n: [actions(button("b" * n))]),
    ("button value", 2000, "/blocks/0/elements/0/value", lambda n: [actions(button(value="v" * n))]),
    ("button url", 3000, "/blocks/0/elements/0/url", lambda n: [actions(button(url=LINK.ljust(n, "a")))]),
    ("action_id", 255, "/blocks/0/elements/0/action_id", lambda n: [actions(button(action_id="a" * n))]),
    ("accessibility_label", 75, "/blocks/0/elements/0/accessibility_label", lambda n: [actions(button(accessibility_label="a" * n))]),
    ("block_id", 255, "/blocks/0/block_id", lambda n: [{"type": "divider", "block_id": "b" * n}]),
    ("confirm title", 100, "/blocks/0/elements/0/confirm/title/text", lambda n: [confirm(title=n)]),
    ("confirm text", 300, "/blocks/0/elements/0/confirm/text/text", lambda n: [confirm(text=n)]),
    ("confirm yes", 30, "/blocks/0/elements/0/confirm/confirm/text", lambda n: [confirm(yes=n)]),
    ("confirm no", 30, "/blocks/0/elements/0/confirm/deny/text", lambda n: [confirm(no=n)]),
    ("image url", 3000, "/blocks/0/image_url", lambda n: [image(url=n)]),
    ("image alt", 2000, "/blocks/0/alt_text", lambda n: [image(alt=n)]),
    ("image title", 2000, "/blocks/0/title/text", lambda n: [image(title=n)]),
    ("overflow", 5, "/blocks/0/elements/0/options", lambda n: [overflow(n)]),
    ("select", 100, "/blocks/0/elements/0/options", lambda n: [select(n)]),
    (
        "option text",
        75,
        "/blocks/0/elements/0/options/0/text/text",
        lambda n: [actions({"type": "static_select", "options": [option("o" * n)]})],
    ),
    (
        "option value",
        150,
        "/blocks/0/elements/0/options/0/value",
        lambda n: [actions({"type": "static_select", "options": [option(value="o" * n)]})],
    ),
    ("placeholder", 150, "/blocks/0/elements/0/placeholder/text", lambda n: [select(1, placeholder=plain("p" * n))]),
    ("markdown", 12_000, "/blocks/0/text", lambda n: [{"type": "markdown", "text": "m" * n}]),
    ("all markdown", 6_000, "/blocks/1/text", lambda n: [{"type": "markdown", "text": "m" * 6_000}, {"type": "markdown", "text": "m" * n}]),
    ("table rows", 100, "/blocks/0/rows", lambda n: [table(rows=n)]),
    ("table cells", 20, "/blocks/0/rows/0", lambda n: [table(cells=n)]),
    ("table columns", 20, "/blocks/0/column_settings", lambda n: [table(columns=n)]),
    (
        "all cells",
        500,
        "/blocks/0/rows/19/0/text",
        lambda n: [{**table(), "rows": [[{"type": "raw_text", "text": "c" * size}] for size in [500] * 19 + [n]]}],
    ),
]

TEXT_POINTER = "/blocks/0/text"

# name, blocks, expected errors
MISTAKES = [
    ("no array", {}, ["must provide an array [json-pointer:/blocks]"]),
    ("no object", ["x"], ["must provide an object [json-pointer:/blocks/0]"]),
    ("no type", [{}], ["missing required field: type [json-pointer:/blocks/0]"]),
    ("unknown block", [{"type": "banner"}], ["unsupported type: banner [json-pointer:/blocks/0/type]"]),
    ("block of modals only", [{"type": "alert"}], ["unsupported type: alert [json-pointer:/blocks/0/type]"]),
    ("unknown key", [{"type": "divider", "colour": 1}], ["invalid additional property: colour [json-pointer:/blocks/0]"]),
    ("header in mrkdwn", [{"type": "header", "text": mrkdwn("h")}], [f"unsupported type: mrkdwn [json-pointer:{TEXT_POINTER}/type]"]),
    ("header without text", [{"type": "header"}], ["missing required field: text [json-pointer:/blocks/0]"]),
    ("empty header", [header("")], [f"must be more than 0 characters [json-pointer:{TEXT_POINTER}/text]"]),
    ("blank header", [header(" \n")], [f"must be more than 0 characters [json-pointer:{TEXT_POINTER}/text]"]),
    ("text is a number", [{"type": "header", "text": plain(5)}], [f"must provide a string [json-pointer:{TEXT_POINTER}/text]"]),
    ("text is a string", [{"type": "section", "text": "s"}], [f"must provide an object [json-pointer:{TEXT_POINTER}]"]),
    ("null", [section(block_id=None)], ["must provide a string [json-pointer:/blocks/0/block_id]"]),
    (
        "emoji in mrkdwn",
        [section() | {"text": mrkdwn("s", emoji=True)}],
        [f"invalid additional property: emoji [json-pointer:{TEXT_POINTER}]"],
    ),
    (
        "verbatim in plain_text",
        [{"type": "header", "text": plain("h", verbatim=True)}],
        [f"invalid additional property: verbatim [json-pointer:{TEXT_POINTER}]"],
    ),
    ("section without anything", [{"type": "section"}], ["missing required field: text [json-pointer:/blocks/0]"]),
    ("no fields", [{"type": "section", "fields": []}], ["no less than 1 items allowed [json-pointer:/blocks/0/fields]"]),
    ("no buttons", [actions()], ["no less than 1 items allowed [json-pointer:/blocks/0/elements]"]),
    ("one overflow option", [overflow(1)], ["no less than 2 items allowed [json-pointer:/blocks/0/elements/0/options]"]),
    (
        "button in mrkdwn",
        [actions({"type": "button", "text": mrkdwn("b")})],
        ["unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]"],
    ),
    ("text among actions", [actions(plain("x"))], ["unsupported type: plain_text [json-pointer:/blocks/0/elements/0/type]"]),
    ("style", [actions(button(style="default"))], ["unsupported value: default [json-pointer:/blocks/0/elements/0/style]"]),
    ("image without alt", [{"type": "image", "image_url": LINK}], ["missing required field: alt_text [json-pointer:/blocks/0]"]),
    (
        "twice the same block_id",
        [{"type": "divider", "block_id": "a"}, section(block_id="a")],
        ['`block_id` "a" already exists for another block [json-pointer:/blocks/1/block_id]'],
    ),
    (
        "twice the same action_id",
        [actions(button(action_id="a"), button(action_id="a"))],
        ['`action_id` "a" already exists for another element [json-pointer:/blocks/0/elements/1/action_id]'],
    ),
    (
        "several at once",
        [header(""), actions(button("b" * 76))],
        [
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
            "must be less than 76 characters [json-pointer:/blocks/1/elements/0/text/text]",
        ],
    ),
    (
        "rich text with an unknown part",
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "blink"}]}]}],
        ["unsupported type: blink [json-pointer:/blocks/0/elements/0/elements/0/type]"],
    ),
    ("a key with a slash", [{"type": "divider", "a/b~c": 1}], ["invalid additional property: a/b~c [json-pointer:/blocks/0]"]),
]

BAD_URLS = [
    "",
    "x",
    "/relative",
    "//host",
    "javascript:alert(1)",
    "ftp://host/",
    "http://",
    "https:///path",
    "http://h/<no value>",
    "http://h/a b",
    "http://h/a\nb",
    "http://h/a|b",
    "http://h/\"",
    "data:text/html,x",
    "mailto:",
    "mailto:a@b.example",
    "slack://open",
    "https://user@h/",
    "https://h/ü",
    "https://ü.example/",
    "http://h/\\x",
    "http://h/`x`",
    "http://h/{x}",
    "http://h/^",
    "http://h/%zz",
    "http://h/%",
    "https://h\\@x/",
    "https://h:port/x",
    "https://h:99999/",
    "https://h:0/",
    "https://h:80:80/",
    "http://[::1/",
    "http://[::1]x/",
    "http://[::1%25eth0]/",
    "http://[h]/",
    "https://]/",
    "https://a..b/",
    "https://.a/",
    "https://a./",
    "https://1.2.3.256/",
    "https://a%2eb/",
    "http://h/\n",
    "http://h\n",
]
GOOD_URLS = [
    "http://h",
    "https://h:8080/p?q=1&r=%20#f",
    "https://b%C3%BCcher.example/%C3%BC",
    "https://h:/",
    "https://my_sandbox-1:65535/(x)?['y']=*,;+!$&~_.",
    "http://127.0.0.1:1/@bobby/dev",
    "https://h?q",
    "https://[::1]/",
]


def lines(blocks):
    return [str(finding) for finding in check(blocks).findings]


class BlocksTest(unittest.TestCase):
    def test_limits(self):
        for what, most, pointer, message in LIMITS:
            with self.subTest(what):
                self.assertEqual(lines(message(most)), [])
                found = check(message(most + 1)).findings
                self.assertEqual([finding.pointer for finding in found], [pointer])

    def test_the_words_of_a_limit(self):
        self.assertEqual(
            lines([header("h"), section("s" * 3001)]), ["must be less than 3001 characters [json-pointer:/blocks/1/text/text]"]
        )
        self.assertEqual(lines([actions(*[button()] * 26)]), ["no more than 25 items allowed [json-pointer:/blocks/0/elements]"])

    def test_mistakes(self):
        for what, blocks, expected in MISTAKES:
            with self.subTest(what):
                self.assertEqual(lines(blocks), expected)

    def test_urls(self):
        for url in BAD_URLS:
            with self.subTest(url):
                self.assertEqual([f.pointer for f in check([actions(button(url=url))]).findings], ["/blocks/0/elements/0/url"])
        for url in GOOD_URLS:
            with self.subTest(url):
                self.assertEqual(lines([actions(button(url=url))]), [])

    def test_urls_of_text(self):
        def rich(url):
            return [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "link", "url": url}]}]}]

        for url in ("https://h/", "mailto:a@b.example", "tel:+123", "slack://open"):
            with self.subTest(url):
                self.assertEqual(lines(rich(url)), [])
        self.assertEqual(len(lines(rich("javascript:alert(1)"))), 1)

    def test_same_action_id_in_two_blocks_is_allowed(self):
        self.assertEqual(lines([actions(button(action_id="a")), actions(button(action_id="a"))]), [])

    def test_everything_allowed_at_once(self):
        rich = {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "t", "style": {"bold": True}}, {"type": "link", "url": LINK}],
                },
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [{"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U1"}]}],
                },
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
            ],
        }
        self.assertEqual(
            lines(
                [
                    header("h"),
                    section(accessory=button(action_id="a"), expand=True),
                    {"type": "divider"},
                    context(mrkdwn("c", verbatim=True), plain("p", emoji=False)),
                    actions(button(action_id="a", url=LINK, value="v", style="primary")),
                    image(),
                    {"type": "markdown", "text": "# m"},
                    table(2, 2, 2),
                    rich,
                    select(3),
                ]
            ),
            [],
        )

    def test_total(self):
        self.assertEqual(check([section("s" * 3000)] * 4).total, 12_000)
        self.assertLess(check([section("s" * 3000)] * 4).total, MAX_TOTAL)

    def test_units(self):
        self.assertEqual([units(text) for text in ("", "a", "é", "\U0001f600", "\ud83d")], [0, 1, 1, 2, 1])

    def test_missing_ids_are_filled_in(self):
        fresh = iter("123456789")
        kept = with_ids(
            [actions(button(), button(action_id="mine")), section(accessory=button()), {"type": "divider", "block_id": "b"}],
            lambda: next(fresh),
        )
        self.assertEqual([block["block_id"] for block in kept], ["1", "3", "b"])
        self.assertEqual([element["action_id"] for element in kept[0]["elements"]], ["2", "mine"])
        self.assertEqual(kept[1]["accessory"]["action_id"], "4")


if __name__ == "__main__":
    unittest.main()
