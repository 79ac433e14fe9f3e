"""Writes the released graph as ONNX and the golden reading that both runtimes must repeat."""

import json
import time

import numpy as np
import onnx
import onnxruntime as ort
import torch

from input import CHANNELS, WINDOW_STEPS
from network import Calibrated
from twice import twice

OPSET = 17
GOLDEN_SEED = 2026


def export(network, calibration, path):
    """Exports opset 17 with a static window of 100 steps and a free batch size."""
    graph = Calibrated(network, calibration).eval()
    example = (torch.zeros(1, WINDOW_STEPS, len(CHANNELS)), torch.ones(1, WINDOW_STEPS))
    torch.onnx.export(
        graph,
        example,
        str(path),
        input_names=["x", "mask"],
        output_names=["classes", "affect"],
        dynamic_axes={name: {0: "batch"} for name in ("x", "mask", "classes", "affect")},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.save(twice(onnx.load(str(path))), str(path))
    return graph


def session(path):
    """ONNX Runtime on one thread, as a call is read."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def check(path, graph):
    """Largest difference between the exported graph and torch, over batches of 1 and 7."""
    run, worst = session(path), 0.0
    for batch in (1, 7):
        x, mask = pseudo_random_input(batch)
        ours = graph(torch.from_numpy(x), torch.from_numpy(mask))
        theirs = run.run(None, {"x": x, "mask": mask})
        worst = max([worst] + [float(np.abs(a.detach().numpy() - b).max()) for a, b in zip(ours, theirs)])
        alone = [run.run(None, {"x": x[i : i + 1], "mask": mask[i : i + 1]}) for i in range(batch)]
        if any((whole != np.concatenate(rows)).any() for whole, rows in zip(theirs, zip(*alone))):
            raise SystemExit(f"{path}: a window alone is read otherwise than in a batch of {batch}")
    if worst > 1e-5:
        raise SystemExit(f"{path}: the exported graph differs from torch by {worst:.2e}")
    return worst


def microseconds(path, runs=2000):
    """Median time of one inference of one window on one thread."""
    run, times = session(path), []
    x, mask = pseudo_random_input(1)
    for _ in range(runs):
        start = time.perf_counter()
        run.run(None, {"x": x, "mask": mask})
        times.append(time.perf_counter() - start)
    return float(np.median(times) * 1e6)


def pseudo_random_input(batch, seed=GOLDEN_SEED):
    """Inputs that any language can make again: see `generator` in the golden file."""
    size = batch * WINDOW_STEPS * len(CHANNELS)
    state, values = seed, np.empty(size, np.float32)
    for i in range(size):
        state = (1664525 * state + 1013904223) % 2**32
        values[i] = np.float32((state >> 8) / 2**24 * 4.0 - 2.0)
    mask = np.ones((batch, WINDOW_STEPS), np.float32)
    for item in range(batch):
        mask[item, : (0, 25, 50)[item % 3]] = 0.0
    x = values.reshape(batch, WINDOW_STEPS, len(CHANNELS)) * mask[..., None]
    return x, mask


def golden(path, out):
    """Writes what ONNX Runtime answers to three pseudo-random windows."""
    x, mask = pseudo_random_input(3)
    classes, affect = session(path).run(None, {"x": x, "mask": mask})
    record = {
        "model": path.name,
        "generator": (
            f"s0 = {GOLDEN_SEED}; s = (1664525 s + 1013904223) mod 2^32; value = (s >> 8) / 2^24 * 4 - 2, in f32; "
            "row-major [3, 100, 42], one draw a value, drawn also where masked; the first 0, 25 and 50 steps "
            "of the three windows are missing: mask 0 and x 0 there"
        ),
        "missing_steps": [0, 25, 50],
        "first_values": [round(float(v), 6) for v in x[0, 0, :4]],
        "tolerance": 1e-4,
        "classes": [[round(float(v), 6) for v in row] for row in classes],
        "affect": [[round(float(v), 6) for v in row] for row in affect],
    }
    out.write_text(json.dumps(record, indent=1) + "\n")
