"""Write `unicode.jsonl`: texts with the ids that the Unicode rules give them.

python -m tests.runtime.vectors.make_unicode

The ids are those of the runtime's own tokenizer; `test_unicode_rules.py` holds them to a slow and
obvious version of the rules. The lines are as in `tokenizer.jsonl`.
"""

from __future__ import annotations

import base64
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec

HERE = Path(__file__).parent
GROUPS = {
    "case": [
        *["FILM Film film", "É é ÉTÉ été", "ПРИВЕТ Привет привет", "ΣΑΣ σας ΣΊΣΥΦΟΣ Σίσυφος ς σ Σ"],
        *["İstanbul istanbul ISTANBUL ıspanak ISPANAK", "STRASSE Straße STRAẞE ẞ ß ss", "ſ ſo So"],
        *["ǅ Ǆ ǆ", "ﬁlm ﬁ ﬀ ﬆ ﬅ", "Ⅷ ⅷ ⓐ Ⓐ", "ᏣᎳᎩ ꮳꮃꭹ", "Ა ა", "𐐀 𐐨 𞤀 𞤢", "ᾈ ᾀ ΐ ΐ", "K k Å å Ω ω"],
        *["Ⱥ ⱥ Ⱦ ⱦ ȺȾ", "ŉ ǰ", "µ μ Μ", "ÿ Ÿ", "Ё ё Й й", "ԱԲ աբ և", "ꭓ Ʝ ʝ", "Ǻ ǻ"],
    ],
    "words": [
        *[
            "don't don’t dont DON'T",
            "l'homme l’homme",
            "'film' ‘film’ “film” «film» „film“",
            "a'b''c",
        ],
        *[
            "col·lecció",
            "צה״ל ג׳",
            "a_b a-b a–b a—b a/b a.b a,b",
            "3.14 1,000 12",
            "e-mail@x.org #tag",
        ],
        *[
            "good<br />film",
            "...",
            "¿qué? ¡sí!",
            "a\xa0b\u3000c\u2028d\u0085e\u200bf\u001cg\0h\ti\nj",
        ],
        *["²³ ½ x² ①②", "हिन्दी फ़िल्म", "தமிழ் படம்", "العربيّة فِيلم", "עִבְרִית", "Việt Nam", "ელ", "የኢት"],
        *[
            "e\u0301 é \u0301 a \u0301",
            "한국어 영화는 재미있다",
            "ᄒ\u1161\u11ab",
            "бўлди o‘zbek",
            "ª º",
        ],
        *[
            "100€ $5 5% +1 a=b",
            "´a` geht´s",
            "ⵜⴰ ᠮᠣᠩ",
            "\u0378 x\u0378y",
            "\ue000 a\ue000b",
            "\uffff \ufdd0a",
        ],
    ],
    "unspaced": [
        *[
            "东京 東京 電影",
            "我喜欢这部电影。",
            "这本书 very good 很好",
            "映画が面白い",
            "ヴァイオリン ｳﾞｧｲｵﾘﾝ",
        ],
        *["か\u3099 が は\u309a", "々〇〆ー", "データ3つ", "ภาษาไทย ดีมาก", "ที่นี่ กำลัง", "ພາສາລາວ"],
        *[
            "ភាសាខ្មែរ",
            "မြန်မာဘာသာ",
            "ไทย๑๒๓abc",
            "a中b 中1国",
            "中\u0301国",
            "a\u0e35b",
            "\u0e35\u0e35 \u0e35a",
        ],
        *[
            "😀\u0e35\u0e35a",
            "ㄅㄆ ㄱㄴ",
            "㈱ ㍿ ㎏",
            "⼀⺀",
            "豈",
            "𠀀𠀁 𪛖",
            "\U0003134a\U000323b0\U0003fffd",
            "𗀀𛅰",
        ],
        *[
            "・中・国",
            "「映画」",
            "中、国，和！",
            "中\u200b国 中\ufeff国",
            "中'国 中’国",
            "葛\U000e0100城",
        ],
    ],
    "width": [
        *[
            "ＦＩＬＭ ｆｉｌｍ film",
            "１２ 12",
            "ｄｏｎ＇ｔ",
            "！＃（ａ）～",
            "ａ　ｂ",
            "ﾊﾝｶｸ",
            "ﾡﾢ",
            "￥￦ ￨",
        ],
        *["Ａ\u0301", "ａ１中", "＿ａ－ｂ"],
    ],
    "symbols": [
        *[
            "😀😀 😀",
            "❤️ ❤",
            "👍🏽 👍",
            "👩\u200d💻 👩💻",
            "🏳️\u200d🌈",
            "🇩🇪 🇯🇵",
            "1️⃣ #️⃣",
            "good😀film",
            "☺ ☺\ufe0e",
        ],
        *["©2020 film™", "→ ← ≤ ∞", "♥a♥", "\U0001fae0 \U0001faff \U0001f8ff", "°C ℃", "▲▲", "½♪"],
    ],
    "invisible": [
        *[
            "co\xadop coop",
            "\ufefffilm film\ufeff",
            "\u202bfilm\u202c \u2066a\u2069b",
            "a\u200db a\u200cb ab",
        ],
        *[
            "می\u200cخواهم",
            "\u061cfilm",
            "fi\u2060lm",
            "\U000e0067a",
            "a\u034fb",
            "᠊\u180b\u180e\u180fᠠ",
            "\u200e \u200f",
        ],
        *["\u0600film", "\u00ad", "中\u200d国", "か\u200d\u3099", "a\ufff9b\ufffac\ufffb"],
    ],
}
INVALID = [
    *[
        b"\xff",
        b"\xfe\xff",
        b"a\xffb",
        b"\xc3",
        b"\xc3 a",
        b"\xc3(",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\x80",
    ],
    *[
        b"film\xff",
        b"\xf0\x9f\x92",
        b"\xf8\x88\x80\x80\x80",
        b"\xc0\x80",
        b"\xc0\xaf",
        b"a\xe6\x9d b",
    ],
    *[b"\xef\xbb\xbffilm", b"\xf4\x90\x80\x80", b"\xed\xb0\x80x", b"\xe0\x80\x80", b"\xff\xfe\xfd"],
    *[
        b"\xed\xa0\xbd\xed\xb8\x80",
        b"\xe4\xb8\xad\xe5\x9b",
        b"\xe5\x9b\xbd\xe4\xb8",
        b"caf\xe9 noir",
    ],
    *[
        b"\xe4\xb8\xad\xff\xe3\x82\x99",
        b"a\xf0\x90\x90b",
        b"\xef\xbf\xbd",
        b"a\xef\xbf\xbdb",
        b"",
        b" ",
    ],
    *[b"\xf4\x8f\xbf\xbf", b"\xf3\xb0\x80\x80", b"\xc8\xba" * 50, b"a" * 300, b"\xe4\xb8\xad" * 50],
]


def vocabulary() -> list[str]:
    """Return most of the tokens of the texts, n-grams of some of them, and words never met."""
    texts = [text for group in GROUPS.values() for text in group]
    tokenizer = Tokenizer(TokenizerSpec(rules="unicode"), [])
    found: dict[str, None] = {}
    for i, text in enumerate(texts):
        tokens = [token.decode() for token in tokenizer.tokens(text)]
        found.update(dict.fromkeys(tokens))
        if i % 3 == 0:
            pairs = itertools.pairwise(tokens)
            found.update(dict.fromkeys(" ".join(pair) for pair in pairs))
    # A sixth is left out of the vocabulary; capitals and marks can never be met.
    kept = [token for i, token in enumerate(found) if i % 6]
    return ["", "[UNK]", *kept, "FILM", "É", "don't", "\ufe0f", "unk"]


def cases() -> Iterator[tuple[str, TokenizerSpec, bytes]]:
    """Yield the group, the spec and the text of each case."""
    plain = TokenizerSpec(rules="unicode")
    for group, texts in GROUPS.items():
        for text in texts:
            yield group, plain, text.encode()
    for data in INVALID:
        yield "invalid", plain, data
    draw = random.Random(0)
    everything = [text for texts in GROUPS.values() for text in texts]
    for _ in range(150):
        text = draw.choice(["", " "]).join(draw.choices(everything, k=draw.randint(1, 3))).encode()
        broken = bytearray(text)
        del broken[draw.randrange(len(broken))]
        yield "invalid", plain, bytes(broken)
        widths = draw.choice([(1, 2), (2,), (2, 1), (3, 1)])
        yield "ngrams", TokenizerSpec(ngrams=widths, rules="unicode"), text
        truncate = draw.choice(["head", "head+tail"])
        spec = TokenizerSpec(max_length=draw.randint(1, 8), truncate=truncate, rules="unicode")
        yield "max_length", spec, text


def main() -> None:
    """Write the file."""
    tokens = vocabulary()
    encoded = [token.encode() for token in tokens]
    lines = [json.dumps({"vocabulary": tokens})]
    for group, spec, text in cases():
        ids = Tokenizer(spec, encoded).ids(text).tolist()
        row = {"group": group, "spec": spec.to_json()}
        lines.append(json.dumps({**row, "text": base64.b64encode(text).decode(), "ids": ids}))
    (HERE / "unicode.jsonl").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
