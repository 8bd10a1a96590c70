"""Times Hugging Face's tokenizers on one thread.

    python tokenizer_peer.py DIRECTORY ESSAYS.json

DIRECTORY holds tokenizer.json, or vocab.json with merges.txt, or vocab.txt. Prints one JSON object:
tokens, the seconds of the faster of two passes (the first one warms the cache), and a digest of
the ids.
"""

import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: E402


def load(folder):
    def path(name):
        return os.path.join(folder, name)

    if os.path.exists(path("tokenizer.json")):
        made = Tokenizer.from_file(path("tokenizer.json"))
    elif os.path.exists(path("vocab.json")):
        made = Tokenizer(models.BPE.from_file(path("vocab.json"), path("merges.txt")))
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.post_processor = processors.RobertaProcessing(
            ("</s>", made.token_to_id("</s>")), ("<s>", made.token_to_id("<s>")), add_prefix_space=False)
    else:
        made = Tokenizer(models.WordPiece.from_file(path("vocab.txt"), unk_token="[UNK]"))
        made.normalizer = normalizers.BertNormalizer()
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        made.post_processor = processors.BertProcessing(
            ("[SEP]", made.token_to_id("[SEP]")), ("[CLS]", made.token_to_id("[CLS]")))
    made.no_padding()
    made.enable_truncation(512)
    return made


def main():
    made = load(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as f:
        essays = json.load(f)
    best, ids = float("inf"), []
    for _ in range(2):
        start = time.perf_counter()
        ids = [made.encode(essay).ids for essay in essays]
        best = min(best, time.perf_counter() - start)
    digest = 0xCBF29CE484222325
    for essay in ids:
        for i in essay:
            digest = (digest ^ i) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    print(json.dumps({"tokens": sum(map(len, ids)), "seconds": best, "digest": f"{digest:x}"}))


if __name__ == "__main__":
    main()
