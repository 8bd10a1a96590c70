"""Writes gaussian.json beside this script: the loss of the gaussian head and its gradients, by PyTorch.

    pip install torch && python make_gaussian_goldens.py

cases  β-NLL (Seitzer et al. 2022) and UPLME's penalty (arXiv 2508.03520): outputs (B, 2K), labels (B, K) with
       gaps, target weights; the loss and d loss / d outputs, in float64
align  UPLME's alignment of two texts: states (T, C), the texts' places, labels; the loss and d loss / d states
"""

import json
import os

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
# Values that float32 has exactly, so that both sides compute with the same numbers.
EIGHTHS = 8


def numbers(generator, *shape, low=-3.0, high=3.0):
    values = low + (high - low) * torch.rand(*shape, generator=generator, dtype=torch.float64)
    return torch.round(values * EIGHTHS) / EIGHTHS


def gaussian(outputs, labels, weights, beta, penalty, decay):
    targets = labels.shape[1]
    loss = 0.0
    for k in range(targets):
        there = ~labels[:, k].isnan()
        if not there.any():
            continue
        mean, label = outputs[there, k], labels[there, k]
        var = torch.clamp(F.softplus(outputs[there, targets + k]), min=1e-8, max=1000)
        nll = 0.5 * ((label - mean) ** 2 / var + var.log())
        nll = (nll * var.detach() ** beta).mean()
        weighted = var * torch.exp(-decay * (mean - label) ** 2)
        own = nll + penalty * torch.linalg.norm(weighted, ord=2) / weighted.numel()
        loss = loss + weights[k] / sum(weights) * own
    return loss


def case(generator, rows, targets, beta, penalty, decay, weights, gaps=(), extreme=False):
    outputs = numbers(generator, rows, 2 * targets)
    outputs[:, :targets] += 4
    labels = numbers(generator, rows, targets, low=1, high=7)
    for row, target in gaps:
        labels[row, target] = torch.nan
    if extreme:
        # Beyond both bounds of the variance, and one error of 0.
        outputs[0, targets], outputs[1, targets] = -30, 1200
        outputs[2, 0] = labels[2, 0]
    outputs.requires_grad_()
    loss = gaussian(outputs, labels, weights, beta, penalty, decay)
    loss.backward()
    return {
        "targets": targets, "beta": beta, "penalty": penalty, "decay": decay, "weights": weights,
        "outputs": outputs.detach().flatten().tolist(),
        "labels": [None if x != x else x for x in labels.flatten().tolist()],
        "loss": loss.item(), "gradient": outputs.grad.flatten().tolist(),
    }


def align(generator, lengths, channels, weight):
    """Sequences of [CLS] first [SEP][SEP] second [SEP], end to end."""
    texts, place = [], 0
    for first, second in lengths:
        texts.append([place + 1, place + 1 + first, place + 3 + first, place + 3 + first + second])
        place += first + second + 4
    states = numbers(generator, place, channels).requires_grad_()
    labels = numbers(generator, len(lengths), low=1, high=7)
    a = torch.stack([states[t[0]:t[1]].mean(0) for t in texts])
    b = torch.stack([states[t[2]:t[3]].mean(0) for t in texts])
    loss = weight * F.mse_loss(F.cosine_similarity(a, b), (labels - 4) / 3)
    loss.backward()
    return {
        "texts": texts, "channels": channels, "weight": weight, "labels": labels.tolist(),
        "states": states.detach().flatten().tolist(), "loss": loss.item(),
        "gradient": states.grad.flatten().tolist(),
    }


def main():
    generator = torch.Generator().manual_seed(11)
    document = {
        "script": "make_gaussian_goldens.py", "torch": torch.__version__,
        "cases": [
            case(generator, 6, 1, 0.0, 0.0, 1.5, [1.0]),
            case(generator, 6, 1, 0.5, 0.0, 1.5, [1.0]),
            case(generator, 6, 1, 1.0, 0.0, 1.5, [1.0]),
            case(generator, 7, 1, 0.5, 9.11, 1.5, [1.0], gaps=[(3, 0)]),
            case(generator, 8, 2, 0.5, 2.0, 0.25, [1.0, 3.0], gaps=[(0, 0), (4, 1), (5, 0), (5, 1)]),
            case(generator, 5, 1, 0.5, 9.11, 1.5, [1.0], extreme=True),
        ],
        "align": align(generator, [(4, 3), (1, 6), (5, 1)], 6, 5.56),
    }
    with open(os.path.join(HERE, "gaussian.json"), "w", encoding="utf-8") as f:
        json.dump(document, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
