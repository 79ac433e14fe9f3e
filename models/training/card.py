"""Writes the model card that lies beside the ONNX file and that the engine reads."""

import hashlib
import tomllib

from export import OPSET
from input import CHANNELS, CLIP_SD, ENROL_STEPS, MIN_STEPS, SHRINK_STEPS, WINDOW_STEPS
from network import AFFECT, CLASSES

ARCHITECTURE = "4 dense 1-D convolutions, masked attentive statistics pooling, 7 classes and 4 affect heads"


def digest(path):
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def literal(value):
    """One TOML value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {literal(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(literal, value)) + "]"
    return repr(value)


def table(name, entries):
    """One TOML table."""
    return f"\n[{name}]\n" + "".join(f"{key} = {literal(value)}\n" for key, value in entries.items())


def write(path, onnx, plan, version, parameters, population_mean, population_sd, training, measured, limits):
    """Writes the card for `onnx` at `path` and reads it back as a check."""
    rounded = lambda values: [round(float(v), 4) for v in values]
    head = {
        "name": plan.name,
        "version": version,
        "architecture": ARCHITECTURE,
        "parameters": parameters,
        "opset": OPSET,
        "sha256": digest(onnx),
        "licence": plan.licence,
    }
    rates = {
        "analysis_hz": [8000, 16000],
        "hop_ms": 10,
        "step_ms": 20,
        "window_steps": WINDOW_STEPS,
        "min_steps": MIN_STEPS,
        "interval_ms": 250,
    }
    inputs = {
        "features": CHANNELS,
        "population_mean": rounded(population_mean),
        "population_sd": rounded(population_sd),
        "shrink_steps": SHRINK_STEPS,
        "enrol_steps": ENROL_STEPS,
        "clip_sd": CLIP_SD,
    }
    output = {"classes": CLASSES, "affect": AFFECT, "valence": False}
    text = "".join(f"{key} = {literal(value)}\n" for key, value in head.items())
    text += table("rates", rates) + table("input", inputs) + table("output", output)
    text += table("training", training) + table("measured", measured) + table("limits", {"text": limits})
    tomllib.loads(text)
    path.write_text(text)
