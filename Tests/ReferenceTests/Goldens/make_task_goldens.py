"""Writes two-targets.json and context.json beside this script, from PyTorch and tokenizers.

    pip install torch==2.15.0 transformers==5.24.0 && python make_task_goldens.py

two-targets.json  one AdamW step of the tiny models with two outputs, labels missing, in float64
context.json      texts joined by the separator, and pairs cut to a length (longest_first)
"""

import json
import math
import os

import tokenizers
import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
WEIGHTS = [1.0, 3.0]
RATE, EPSILON, DECAY = 1e-3, 1e-6, 0.1


def save(name, document):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
        json.dump(document, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")


def step(family, projection, bias, dense):
    folder = os.path.join(HERE, family)
    with open(os.path.join(folder, "expected.json")) as f:
        known = json.load(f)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, ignore_mismatched_sizes=True, attn_implementation="eager").double()
    model.eval()  # no dropout
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        weight = parameters[projection]
        # A formula, so that no file of weights is needed.
        weight.copy_(torch.tensor(
            [[math.sin(1 + i + 50 * k) / 4 for i in range(weight.shape[1])] for k in range(2)]))
        parameters[bias].copy_(torch.tensor([0.5, -0.25]))
    first = known["targets"]
    labels = torch.tensor([first, [7 - y for y in first]], dtype=torch.float64).T.contiguous()
    labels[1, 0] = labels[2, 1] = labels[4, 0] = math.nan
    labels[3, :] = math.nan
    inputs = {k: torch.tensor(known[k]) for k in ("input_ids", "attention_mask", "token_type_ids") if k in known}
    logits = model(**inputs).logits
    loss = 0.0
    for k, w in enumerate(WEIGHTS):
        there = ~labels[:, k].isnan()
        loss = loss + w / sum(WEIGHTS) * ((logits[there, k] - labels[there, k]) ** 2).mean()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), eps=EPSILON, weight_decay=DECAY)
    loss.backward()
    norm = math.sqrt(sum(float((p.grad**2).sum()) for p in model.parameters()))
    gradients = {n: parameters[n].grad.flatten().tolist() for n in (projection, bias, dense)}
    optimizer.step()
    return {
        "logits": logits.flatten().tolist(),
        "labels": [[None if math.isnan(x) else x for x in row] for row in labels.tolist()],
        "weights": WEIGHTS, "loss": loss.item(), "norm": norm, "gradients": gradients,
        "rate": RATE, "updated": {projection: parameters[projection].flatten().tolist()},
    }


TURNS = [
    "Did you read about the flood?", "", "I did, and I can't stop thinking of it.", "the  children ",
    " So sad!", "My town was hit too, in 1997; nobody came for days.",
]


def texts(folder):
    made = AutoTokenizer.from_pretrained(os.path.join(HERE, folder))
    joined = []
    for end in range(1, len(TURNS) + 1):
        for count in (0, 1, 3):
            context = TURNS[max(0, end - 1 - count):end - 1]
            ids = made(made.sep_token.join(context + [TURNS[end - 1]]))["input_ids"]
            joined.append({"context": context, "text": TURNS[end - 1], "ids": ids})
    pairs = []
    for a, b in zip(TURNS, TURNS[1:] + TURNS[:1]):
        for limit in (4, 9, 14, 64):
            # As lists: an empty second text given alone counts as none.
            found = made(
                [a], [b], truncation="longest_first", max_length=limit, return_token_type_ids=True)
            pairs.append({
                "a": a, "b": b, "limit": limit, "ids": found["input_ids"][0],
                "types": found["token_type_ids"][0]})
    return {"joined": joined, "pairs": pairs}


def main():
    source = {"script": "make_task_goldens.py", "torch": torch.__version__,
              "transformers": transformers.__version__, "tokenizers": tokenizers.__version__}
    save("two-targets.json", source | {
        "roberta-tiny": step(
            "roberta-tiny", "classifier.out_proj.weight", "classifier.out_proj.bias", "classifier.dense.bias"),
        "bert-tiny": step("bert-tiny", "classifier.weight", "classifier.bias", "bert.pooler.dense.bias"),
        "deberta-tiny": step("deberta-tiny", "classifier.weight", "classifier.bias", "pooler.dense.bias"),
    })
    save("context.json", source | {"bpe-2000": texts("bpe-2000")})


if __name__ == "__main__":
    main()
