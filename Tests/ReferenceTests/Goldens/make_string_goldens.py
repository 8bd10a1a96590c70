"""Writes bpe-2000.json beside this script anew, from Hugging Face's tokenizers library.

    pip install tokenizers==0.23.3 && python make_string_goldens.py

The strings are those of the file as it stands and the sentences below, none of them from a data set.
The vocabulary in bpe-2000/ was learned from the essays of NewsEmp18 (Buechel et al. 2018, CC BY 4.0).
"""

import json
import os

import tokenizers
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
SENTENCES = [
    "The harbour lights went out one after the other, and nobody on the pier said a word.",
    "My grandmother kept letters in a biscuit tin; I've never opened it, but I don't think I'll wait.",
    "Twelve firefighters (two of them volunteers) carried the sleeping children down 14 flights of stairs!",
    "He'd walked 3,000 km with a dog called Pepper... \"We're nearly there,\" he'd tell her each evening.",
    "Rivers don't ask who owns the fields: the flood took the rich man's orchard & the poor man's goat.",
    "What would you have done?? I can't stop picturing that empty swing, moving in the wind.",
]


def main():
    tokenizer = Tokenizer.from_file(os.path.join(HERE, "bpe-2000", "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    path = os.path.join(HERE, "bpe-2000.json")
    with open(path) as file:
        texts = [c["text"] for c in json.load(file)["cases"] if c["text"] not in SENTENCES]
    cases = [{"text": t, "ids": tokenizer.encode(t).ids} for t in texts + SENTENCES]
    pairs = []
    for a, b in zip(SENTENCES, ["  ", "the face </s> of it"] + SENTENCES[2:]):
        encoding = tokenizer.encode(a, b)
        pairs.append({"a": a, "b": b, "ids": encoding.ids, "token_type_ids": encoding.type_ids})
    truncated = []
    for index, text in enumerate(SENTENCES):
        for limit in (2, 3, 8 + index):
            tokenizer.enable_truncation(limit)
            truncated.append({"text": text, "max_length": limit, "ids": tokenizer.encode(text).ids})
    document = {
        "note": "tokenizers %s, vocabulary bpe-2000/; made by make_string_goldens.py"
        % tokenizers.__version__,
        "cases": cases,
        "truncation_cases": truncated,
        "pair_cases": pairs,
    }
    with open(path, "w") as file:
        json.dump(document, file)
        file.write("\n")


if __name__ == "__main__":
    main()
