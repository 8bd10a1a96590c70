"""Writes unigram-tiny/ and unigram-tiny.json beside this script, from sentencepiece and transformers 4.

    pip install transformers==4.57.6 sentencepiece==0.2.3 protobuf && python make_unigram_goldens.py

unigram-tiny/      a SentencePiece model in DeBERTa-v3's form, trained on the sentences below, with a small
                   map of characters of its own, and the tokenizer.json that transformers makes of it
unigram-tiny.json  the ids that DebertaV2TokenizerFast gives for strings, truncations and pairs
"""

import io
import json
import os
import tempfile

import sentencepiece
import tokenizers
import transformers
from transformers import DebertaV2TokenizerFast

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "unigram-tiny")
SENTENCES = [
    "The ferry was late again, and the woman beside me wept into her scarf without a sound.",
    "I feel for the miners; nobody should wait nine days in the dark to be counted.",
    "We sent blankets, two tents and a box of toys, though I'd have liked to do more.",
    "How can a whole valley burn while we argue about who pays for the water?",
    "My brother drove an ambulance for eleven years, and he still won't talk about the bridge.",
    "It's strange to read of so much loss over breakfast, then to butter the bread.",
    "The whales lay along the beach like overturned boats, and the children kept them wet.",
    "They've rebuilt the school twice! The third time they planted trees around it.",
    "Somebody ought to tell the story of the nurses who stayed when the power failed.",
    "I don't know whether I'm sad or angry; perhaps I am only tired of being told to hope.",
    "An old man fed the stray dogs of the station every morning until the station closed.",
    "What hurts me most is the little girl who saved her seat for a friend who never came.",
]
EXTRA = [
    "", " ", "a", "the", "The  the   the", " leading", "trailing ", "\u00a0no-break\u00a0", "tab\there\nand there",
    "\uff34\uff48\uff45 \uff53\uff54\uff4f\uff52\uff59", "\ufb01re and \ufb02ame", "cafe\u0301 caf\u00e9", "\u00bd of it\u2026",
    "zero\u200bwidth", "\u200b", "\u2581", "a\u2581b", "[MASK]", "I feel [MASK] today", "they [UNK] me", "[CLS] x [SEP]",
    "[mask] [unk]", "x[MASK]y", "<0x0A>", "\U0001f600", "so sad \U0001f622\U0001f622 again", "\u60b2\u3057\u3044",
    "???????", "!!!!", "---", "aaaaaaaaaaaaaaaaaaaaaaaaa", "the" * 40, "don't won't I'd they've", "e\u0301\u0302\u0303",
    "1997 11:45", "\u0645\u0631\u062d\u0628\u0627", "x\u0000y", "\u2028line", "A\u030a",
]
CHARACTERS = {
    **{chr(c + 0xFEE0): chr(c) for c in range(0x21, 0x7F)},
    "\ufb01": "fi", "\ufb02": "fl", "\u00a0": " ", "\u3000": " ", "\t": " ", "\n": " ", "\r": " ", "\u2026": "...",
    "\u00bd": "1\u20442", "e\u0301": "\u00e9", "a\u0301": "\u00e1", "A\u030a": "\u00c5", "\u212b": "\u00c5",
    "\u200b": "", "\ufeff": "",
}


def train():
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        for source, target in CHARACTERS.items():
            rules.write("%s\t%s\n" % tuple(" ".join("%X" % ord(c) for c in part) for part in (source, target)))
        rules.flush()
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES), model_writer=model, model_type="unigram", vocab_size=410,
            byte_fallback=True, normalization_rule_tsv=rules.name, num_threads=1, minloglevel=2,
            pad_id=0, bos_id=1, eos_id=2, unk_id=3,
            pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]")
    with open(os.path.join(FOLDER, "spm.model"), "wb") as file:
        file.write(model.getvalue())
    with open(os.path.join(FOLDER, "tokenizer_config.json"), "w") as file:
        json.dump({"do_lower_case": False, "vocab_type": "spm"}, file)
        file.write("\n")


def main():
    os.makedirs(FOLDER, exist_ok=True)
    if not os.path.exists(os.path.join(FOLDER, "spm.model")):
        train()
    made = DebertaV2TokenizerFast.from_pretrained(FOLDER)
    with open(os.path.join(FOLDER, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(json.loads(made.backend_tokenizer.to_str()), file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")
    texts = SENTENCES + EXTRA + [s.upper() for s in SENTENCES[:2]]
    cases = [{"text": t, "ids": made(t)["input_ids"]} for t in texts]
    truncated = [
        {"text": t, "max_length": n, "ids": made(t, truncation=True, max_length=n)["input_ids"]}
        for t in SENTENCES[:3] + [" ".join(SENTENCES)] for n in (2, 3, 9, 64)]
    pairs = []
    for a, b in zip(SENTENCES, EXTRA[3:9] + SENTENCES):
        found = made(a, b)
        pairs.append({"a": a, "b": b, "ids": found["input_ids"], "token_type_ids": found["token_type_ids"]})
    document = {
        "note": "transformers %s, tokenizers %s, sentencepiece %s; made by make_unigram_goldens.py"
        % (transformers.__version__, tokenizers.__version__, sentencepiece.__version__),
        "cases": cases, "truncation_cases": truncated, "pair_cases": pairs,
    }
    with open(os.path.join(HERE, "unigram-tiny.json"), "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
