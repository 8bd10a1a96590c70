"""Writes the goldens beside this script from Hugging Face's tokenizers library.

    pip install tokenizers==0.23.3 && python make_goldens.py

unicode.json      how every Unicode scalar is classed (byte-level BPE) and cleaned (BERT)
tiny.json         pairs, truncation and options with the small vocabularies written here
tiny-bert/, tiny-added/  those vocabularies
"""

import json
import os
import random

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = tokenizers.__version__


def scalars():
    for value in range(0x110000):
        if not 0xD800 <= value < 0xE000:
            yield value


def byte_level_classes():
    """Runs of [first scalar, class]: O other, L letter, N number, S space."""
    stage = pre_tokenizers.ByteLevel(add_prefix_space=False)
    runs = []
    for value in scalars():
        # A scalar continues a word only of its own class.
        found = "S"
        for name, before in (("L", "a"), ("N", "1"), ("O", "!")):
            if len(stage.pre_tokenize_str(before + chr(value))) == 1:
                found = name
                break
        if not runs or runs[-1][1] != found:
            runs.append([value, found])
    return runs


def bert_hashes(**options):
    """FNV-1a of the words of a + scalar + b, for each block of 4096 scalars."""
    normalizer = normalizers.BertNormalizer(**options)
    stage = pre_tokenizers.BertPreTokenizer()
    hashes = {}
    for value in scalars():
        text = normalizer.normalize_str("a" + chr(value) + "b")
        block = value >> 12
        state = hashes.get(block, 0xCBF29CE484222325)
        for word, _ in stage.pre_tokenize_str(text):
            for byte in word.encode() + b"\xff":
                state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
        hashes[block] = (state ^ 0xFE) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return [[block, f"{state:016x}"] for block, state in sorted(hashes.items())]


def tiny_bert():
    folder = os.path.join(HERE, "tiny-bert")
    os.makedirs(folder, exist_ok=True)
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    pieces += ["##" + c for c in letters]
    pieces += list("!,.'=`;") + ["the", "empathy", "##ing", "##ed", "feel", "un", "##feel"]
    pieces += ["\u4e2d", "\u00e9t\u00e9", "##\u00e9", "A", "##B"]
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join(pieces) + "\n")
    return {piece: i for i, piece in enumerate(pieces)}


def bert(vocab, **options):
    made = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(**options)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return made


def added(vocab):
    made = bert(vocab)
    made.add_tokens([
        AddedToken("<left>", lstrip=True, normalized=False),
        AddedToken("<right>", rstrip=True, normalized=False),
        AddedToken("<both>", lstrip=True, rstrip=True, normalized=False),
        AddedToken("<bo", normalized=False),
    ])
    folder = os.path.join(HERE, "tiny-added")
    os.makedirs(folder, exist_ok=True)
    made.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    return made


def pair_cases(made):
    rng = random.Random(7)
    cases = []
    for _ in range(60):
        first = " ".join(rng.choice(["the", "feel", "a", "unfeeling"]) for _ in range(rng.randint(0, 9)))
        second = " ".join(rng.choice(["b", "empathy", "x!"]) for _ in range(rng.randint(0, 9)))
        limit = rng.randint(3, 20)
        made.enable_truncation(limit)
        got = made.encode(first, second)
        cases.append({"a": first, "b": second, "max_length": limit, "ids": got.ids, "types": got.type_ids})
    made.no_truncation()
    return cases


TEXTS = [
    "The unfeeling, the feeling.", "\u00c9T\u00c9 \u00e9t\u00e9 AB", "\u4e2d\u4e2dthe\u4e2d", "\u226e a\u2260b",
    "x\U0001d15e\u0301y", "\U0001d15e\u302e\u0323z the", "a\u1b44\u0301\u302eb", "\uff21 \u212a",
    "the\x00\x01the\ufffd", "a" * 100, "a" * 101, "\u0301", " \u3000 ", "the\u0085feel", "##ing",
]
ADDED_TEXTS = [
    "the <left> feel", "the<right>  feel", " a  <both>\n\tb ", "<bo <both> <left><right><both>",
    "<left", "[MASK][SEP]the", "a <right> <left> b", "",
]


def main():
    source = {"source": "Hugging Face tokenizers", "version": VERSION, "script": "make_goldens.py"}
    unicode_golden = source | {
        "byteLevel": byte_level_classes(),
        "bert": bert_hashes(),
        "bertCased": bert_hashes(lowercase=False),
    }
    vocab = tiny_bert()
    plain, cased = bert(vocab), bert(vocab, lowercase=False)
    marked = added(vocab)
    tiny = source | {
        "seed": 7,
        "pairs": pair_cases(plain),
        "lower": [{"text": t, "ids": plain.encode(t).ids} for t in TEXTS],
        "cased": [{"text": t, "ids": cased.encode(t).ids} for t in TEXTS],
        "added": [{"text": t, "ids": marked.encode(t).ids} for t in ADDED_TEXTS],
    }
    for name, golden in (("unicode.json", unicode_golden), ("tiny.json", tiny)):
        with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
            json.dump(golden, f, ensure_ascii=True, separators=(",", ":"))
            f.write("\n")


if __name__ == "__main__":
    main()
