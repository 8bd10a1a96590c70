"""Inference of the encoder beside the engines that people pick on a processor, in one run.

usage: engines_bench.py INVITRO-BENCH ESSAYS MINILM [--quick] [--threads 1,2] [--models minilm,roberta-base-random]

PyTorch, ONNX Runtime and OpenVINO run the same model on the same essays, sorted by length in batches of 32; ours
is what `invitro predict` does. Every run is a process of its own, and all take turns; the best of two rounds counts.
Models are MiniLM with an untrained head and the shape of roberta-base with random weights. Needs torch, transformers,
onnx, onnxruntime and openvino in the Python that runs it. OPENBLAS_CORETYPE is left out of our environment, so that
OpenBLAS chooses its kernel by itself; CORETYPE names another one.
"""
import argparse
import csv
import importlib.metadata
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TITLES = {"minilm": "MiniLM", "roberta-base-random": "roberta-base shape"}
ENGINES = {"torch": "PyTorch", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
# (engine, its precision)
RUNS = [("torch", "float32"), ("onnxruntime", "float32"), ("openvino", "float32"), ("torch", "bfloat16"),
        ("openvino", "bfloat16"), ("onnxruntime", "int8"), ("openvino", "int8")]
QUANTISED = "quantised.onnx"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("essays")
    parser.add_argument("minilm")
    parser.add_argument("--quick", action="store_true", help="fewer essays")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--models", default=",".join(TITLES))
    parser.add_argument("--run", help=argparse.SUPPRESS)  # what a child process does
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


class Essays:
    """The essays' tokens, and batches of 32 by length."""

    def __init__(self, path, minilm, model, rows):
        from transformers import AutoTokenizer
        with open(path, encoding="utf-8", newline="") as file:
            texts = [row["essay"] for row in csv.DictReader(file)][:rows]
        self.ids = AutoTokenizer.from_pretrained(minilm)(texts, truncation=True, max_length=512)["input_ids"]
        self.padding = 0
        if model != "minilm":  # stand-in ids: the shape counts, not the words
            self.padding = 1
            self.ids = [[3 if token == 1 else min(token, 50264) for token in row] for row in self.ids]
        order = sorted(range(len(self.ids)), key=lambda row: len(self.ids[row]))
        self.batches = [order[start:start + 32] for start in range(0, len(order), 32)]
        self.tokens = sum(map(len, self.ids))

    def arrays(self, batch):
        import numpy
        width = max(len(self.ids[row]) for row in batch)
        tokens = numpy.full((len(batch), width), self.padding, numpy.int64)
        mask = numpy.zeros((len(batch), width), numpy.int64)
        for place, row in enumerate(batch):
            tokens[place, :len(self.ids[row])] = self.ids[row]
            mask[place, :len(self.ids[row])] = 1
        return tokens, mask


def load(folder):
    from transformers import AutoModelForSequenceClassification
    return AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()


def export(essays, minilm, model, folder):
    """Writes the model, in the form of transformers and of ONNX, and its int8 form."""
    import torch
    import transformers
    from onnxruntime.quantization import QuantType, quantize_dynamic
    torch.manual_seed(0)
    if model == "minilm":
        network = transformers.AutoModelForSequenceClassification.from_pretrained(minilm, num_labels=1)
    else:
        network = transformers.RobertaForSequenceClassification(transformers.RobertaConfig(
            vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, num_labels=1))
    network.save_pretrained(folder)

    class Traced(torch.nn.Module):
        """Takes the mask in the form that is added to scores: of a plain mask the trace would keep one shape."""

        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, tokens, mask):
            added = (mask[:, None, None, :].float() - 1) * 1e9
            return self.network(tokens, attention_mask=added.expand(-1, 1, tokens.shape[1], -1)).logits

    tokens, mask = essays.arrays(essays.batches[0][:3])
    names = {"tokens": {0: "B", 1: "T"}, "mask": {0: "B", 1: "T"}, "logits": {0: "B"}}
    torch.onnx.export(
        Traced(load(folder)).eval(), (torch.tensor(tokens), torch.tensor(mask)), f"{folder}/model.onnx",
        input_names=["tokens", "mask"], output_names=["logits"], dynamic_axes=names, opset_version=17, dynamo=False)
    quantize_dynamic(f"{folder}/model.onnx", f"{folder}/{QUANTISED}", weight_type=QuantType.QInt8)


def prepared(engine, precision, folder, threads):
    """A function from (tokens, mask) to the logits."""
    file = f"{folder}/{QUANTISED if precision == 'int8' else 'model.onnx'}"
    if engine == "torch":
        import torch
        torch.set_num_threads(threads)
        network = load(folder)

        def run(tokens, mask):
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                return network(torch.tensor(tokens), attention_mask=torch.tensor(mask)).logits.float().numpy()
        return run
    if engine == "onnxruntime":
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        return lambda tokens, mask: session.run(None, {"tokens": tokens, "mask": mask})[0]
    import openvino
    compiled = openvino.Core().compile_model(file, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32"})
    return lambda tokens, mask: compiled([tokens, mask])[0]


def measure(essays, run, reference):
    """Real tokens a second over all batches once, after three to warm up, and the correlation with the logits in the
    file `reference`, which the first run writes."""
    import numpy
    for batch in essays.batches[::max(1, len(essays.batches) // 3)]:
        run(*essays.arrays(batch))
    logits = numpy.empty(len(essays.ids))
    start = time.perf_counter()
    for batch in essays.batches:
        logits[batch] = run(*essays.arrays(batch))[:, 0]
    seconds = time.perf_counter() - start
    if not reference.exists():
        numpy.save(reference, logits)
    return {"speed": essays.tokens / seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "agreement": float(numpy.corrcoef(logits, numpy.load(reference))[0, 1])}


def child(options):
    essays = Essays(options.essays, options.minilm, options.models, options.rows)
    if options.run == "export":
        return export(essays, options.minilm, options.models, options.folder)
    engine, precision = options.run.split()
    run = prepared(engine, precision, options.folder, int(options.threads))
    print(json.dumps(measure(essays, run, Path(options.folder, "float32.npy"))))


def call(command, environment):
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"engines bench: {' '.join(command)} failed\n{done.stderr[-2000:]}")
    return done.stdout


def turns(options, model, threads, folder, rows, has_bfloat16):
    """The best measurement of each run and of ours, {(engine, precision): measurement}; two rounds by turns."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1",
                   "TOKENIZERS_PARALLELISM": "false", "TRANSFORMERS_VERBOSITY": "error"}
    ours = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    if core := os.environ.get("CORETYPE"):
        ours["OPENBLAS_CORETYPE"] = core
    best = {}

    def keep(key, found):
        if key not in best or found["speed"] > best[key]["speed"]:
            best[key] = found

    def peer(what):
        return call([sys.executable, __file__, options.bench, options.essays, options.minilm, "--run", what,
                     "--folder", folder, "--rows", str(rows), "--models", model, "--threads", str(threads)], environment)

    if not Path(folder, QUANTISED).exists():
        peer("export")
    for _ in range(2):
        for precision in ["float32"] + ["bfloat16"] * has_bfloat16:
            line = json.loads(call(
                [options.bench, "training", "--sorted", "--model", model, "--model-folder", options.minilm, "--data",
                 options.essays, "--limit", str(rows), "--threads", str(threads)]
                + ["--bf16"] * (precision == "bfloat16"), ours).splitlines()[0])
            keep(("ours", precision), {"speed": line["real_tok_s"], "memory": line["peak_rss_MB"],
                                       "kernel": line["kernel"]})
        for engine, precision in RUNS:
            if precision != "bfloat16" or has_bfloat16:
                keep((engine, precision), json.loads(peer(f"{engine} {precision}").splitlines()[-1]))
    return best


def table(model, threads, best):
    """Rows of Markdown: ours, in the engine's precision where we have it, beside each engine."""
    fastest = "bfloat16" if ("ours", "bfloat16") in best else "float32"
    for engine, precision in RUNS:
        if (engine, precision) not in best:
            continue
        theirs, own = best[engine, precision], precision if precision != "int8" else fastest
        ours = best["ours", own]
        yield (f"| {TITLES[model]}, {threads} thread{'s' * (threads > 1)}: {ENGINES[engine]}, {precision} "
               f"| {ours['speed']:,.0f} ({own}) | {theirs['speed']:,.0f} | {ours['speed'] / theirs['speed']:.2f} "
               f"| {ours['memory']:,.0f} / {theirs['memory']:,.0f} MB | {theirs['agreement']:.4f} |")


def main():
    options = arguments()
    if options.run:
        return child(options)
    processor = Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*:\s*(.+)", processor)
    has_bfloat16 = "avx512_bf16" in processor
    print("| work and engine | ours, tokens/s | engine's, tokens/s | ratio | peak memory, ours / theirs "
          "| r with PyTorch's float32 |")
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for model in options.models.split(","):
            rows = {"minilm": 320 if options.quick else 960}.get(model, 32 if options.quick else 96)
            folder = f"{scratch}/{model}"
            for threads in map(int, options.threads.split(",")):
                best = turns(options, model, threads, folder, rows, has_bfloat16)
                for row in table(model, threads, best):
                    print(row, flush=True)
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}"
                         for package in ["torch", "transformers", "onnxruntime", "openvino"])
    print(f"Processor {name[1] if name else platform.processor()}, {len(os.sched_getaffinity(0))} cores, "
          f"OpenBLAS kernel {best['ours', 'float32']['kernel']}; {versions}")
    if not has_bfloat16:
        print("This processor has no avx512_bf16: bfloat16 was not measured, and int8 stands beside our float32.")


if __name__ == "__main__":
    main()
