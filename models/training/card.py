"""Writes the model card that lies beside the ONNX file and that the engine reads."""

import hashlib
import tomllib

from export import OPSET
from input import CHANNELS, CLIP_SD, ENROL_STEPS, MIN_STEPS, SHRINK_STEPS, WINDOW_STEPS
from network import AFFECT, CLASSES

NAME = "affect-open"
LICENCE = "MIT OR Apache-2.0 (weights; training data CC0-1.0)"
ARCHITECTURE = "4 dense 1-D convolutions, masked attentive statistics pooling, 7 classes and 4 affect heads"
EMODB = {
    "name": "EmoDB",
    "licence": "CC0-1.0",
    "cite": "Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss: A database of German emotional speech, Interspeech 2005",
}
LIMITS = (
    "Acted German read speech of ten speakers, clips cut to 2 s; no spontaneous call was ever trained on. "
    "Anger and arousal against the caller's own calm voice carry over to other corpora; the seven classes and distress "
    "(sadness, fear) carry over poorly. Happiness is often taken for anger. No reading of valence. The absolute level is not used. "
    "Noise in training was synthetic. Probabilities hold at EmoDB's frequencies (a quarter anger), not at those of calls. "
    "A caller who is not calm while the baseline is taken is read less well."
)


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


def write(path, onnx, version, parameters, population_mean, population_sd, training, measured):
    """Writes the card for `onnx` at `path` and reads it back as a check."""
    rounded = lambda values: [round(float(v), 4) for v in values]
    head = {
        "name": NAME,
        "version": version,
        "architecture": ARCHITECTURE,
        "parameters": parameters,
        "opset": OPSET,
        "sha256": digest(onnx),
        "licence": LICENCE,
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
    text += table("training", training) + table("measured", measured) + table("limits", {"text": LIMITS})
    tomllib.loads(text)
    path.write_text(text)
