"""Writes checkpoints/ beside this script: files of torch.save, and what PyTorch and transformers read in them.

    pip install torch==2.15.0 transformers==5.24.0 safetensors && python make_checkpoint_goldens.py

published/  a DeBERTa-v3 of one layer in the form of the published one: pytorch_model.bin in float16 with the
            heads of the pre-training and no pooler, config.json without architectures; the same encoder in
            safetensors as float16 and bfloat16; the last hidden states in expected.json
views.bin   a state dict of views: strided, shared, scalar, empty, of every type, a parameter; views.json
protocol4.bin, parameters.bin, legacy.bin  the same few tensors in other forms of torch.save
"""

import collections
import json
import os

import torch
import transformers
from safetensors.torch import save_file
from transformers import DebertaV2Config, DebertaV2Model

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "checkpoints")
SOURCE = {"script": "make_checkpoint_goldens.py", "torch": torch.__version__, "transformers": transformers.__version__}
CONFIG = {
    "model_type": "deberta-v2", "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1, "hidden_size": 8, "initializer_range": 0.02, "intermediate_size": 12,
    "max_position_embeddings": 64, "relative_attention": True, "position_buckets": 4,
    "norm_rel_ebd": "layer_norm", "share_att_key": True, "pos_att_type": "p2c|c2p", "layer_norm_eps": 1e-7,
    "max_relative_positions": -1, "position_biased_input": False, "num_attention_heads": 2,
    "num_hidden_layers": 1, "type_vocab_size": 0, "vocab_size": 420,
}
# unigram-tiny/ has 411 tokens: the table has rows to spare, as the published one.
ROWS = [[1, 5, 9, 410, 261, 2], [1, 2], [1] + [4 + i * 29 % 407 for i in range(40)] + [2]]


def save(path, document):
    with open(os.path.join(FOLDER, path), "w") as file:
        json.dump(document, file, separators=(",", ":"))
        file.write("\n")


def states(model, tensors):
    model.load_state_dict({k: v.float() for k, v in tensors.items()}, strict=True)
    with torch.no_grad():
        return [model(torch.tensor([row])).last_hidden_state[0].flatten().tolist() for row in ROWS]


def published():
    folder = os.path.join(FOLDER, "published")
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(17)
    config = DebertaV2Config(**{k: v for k, v in CONFIG.items() if k != "model_type"})
    model = DebertaV2Model(config).eval()
    encoder = {
        k: torch.randn_like(v) * 0.4 + (1 if k.endswith("LayerNorm.weight") else 0)
        for k, v in model.state_dict().items()}
    halves = {k: v.half() for k, v in encoder.items()}
    short = {k: v.bfloat16() for k, v in encoder.items()}
    whole = collections.OrderedDict(("deberta." + k, v) for k, v in halves.items())
    whole["deberta.embeddings.position_ids"] = torch.arange(64).expand((1, -1))
    # Tied to the embeddings, as the published head's: one storage, written once.
    whole["lm_predictions.lm_head.bias"] = torch.zeros(420).half()
    whole["lm_predictions.lm_head.dense.weight"] = whole["deberta.embeddings.word_embeddings.weight"][:8].t()
    whole["mask_predictions.dense.weight"] = torch.randn(8, 8).half()
    whole["mask_predictions.classifier.bias"] = torch.zeros(1).half()
    torch.save(whole, os.path.join(folder, "pytorch_model.bin"))
    save_file({"deberta." + k: v for k, v in halves.items()}, os.path.join(folder, "float16.safetensors"))
    save_file({"deberta." + k: v for k, v in short.items()}, os.path.join(folder, "bfloat16.safetensors"))
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(CONFIG, file, indent=1)
        file.write("\n")
    save("published/expected.json", SOURCE | {
        "rows": ROWS, "float16": states(model, halves), "bfloat16": states(model, short)})


def views():
    torch.manual_seed(18)
    base = torch.arange(24.0)
    tensors = collections.OrderedDict(
        base=base, rows=base.view(4, 6), columns=base.view(4, 6).t(), slice=base.view(4, 6)[1:3, 1::2],
        cube=base.view(2, 3, 4).permute(2, 0, 1), last=base[23:], scalar=torch.tensor(2.5), empty=torch.zeros(0, 3),
        half=torch.randn(3, 2).half().t(), short=torch.randn(5).bfloat16(), double=torch.randn(2, 2).double(),
        one=torch.arange(5.0).expand(1, 1, 5), parameter=torch.nn.Parameter(torch.randn(2)))
    whole = dict(tensors)
    for name in ("int64", "int32", "int16", "int8", "uint8", "bool"):
        whole[name] = torch.tensor([1, 0, 1]).to(getattr(torch, name))
    torch.save(whole, os.path.join(FOLDER, "views.bin"))
    save("views.json", SOURCE | {
        "tensors": {
            k: {"shape": list(v.shape), "values": v.detach().double().flatten().tolist()} for k, v in tensors.items()},
        "integers": {k: str(v.dtype) for k, v in whole.items() if k not in tensors}})
    few = {"weight": torch.arange(6.0).view(2, 3), "bias": torch.tensor([0.5, -1])}
    torch.save(few, os.path.join(FOLDER, "protocol4.bin"), pickle_protocol=4)
    torch.save(few, os.path.join(FOLDER, "legacy.bin"), _use_new_zipfile_serialization=False)
    module = torch.nn.Linear(3, 2)
    module.load_state_dict(few)
    torch.save(dict(module.named_parameters()), os.path.join(FOLDER, "parameters.bin"))
    torch.save(module.state_dict(), os.path.join(FOLDER, "metadata.bin"))
    torch.save({"model": few, "epoch": 3}, os.path.join(FOLDER, "training.bin"))
    torch.save(module, os.path.join(FOLDER, "module.bin"))


if __name__ == "__main__":
    published()
    views()
