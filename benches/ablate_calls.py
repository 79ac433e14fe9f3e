#!/usr/bin/env python3
"""What each source of evidence is worth on simulated calls.

    python benches/ablate_calls.py TUNE TEST [--undertone target/release/undertone] [--at 2]

Leaves out one source after the other, derives the thresholds anew on the calls in TUNE (`undertone tune`),
and scores those in TEST (`undertone eval calls`), at one declared rate of false alarms. The callers of
the two folders should not be the same. Only the standard library is needed.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import tempfile

# Weights of the voice's descriptors, by what they weigh for.
VOICE = {
    "anger": ["balance", "flux", "range", "lengthening", "rate"],
    "distress": ["pitch", "balance", "range", "lengthening"],
}


def nothing(*names):
    """A section in which these weights are 0."""
    return "[evidence]\n" + "".join(f"{name} = 0.0\n" for name in names)


MODEL = ["anger_model", "distress_model"]
DESCRIPTORS = [f"{kind}_{name}" for kind, names in VOICE.items() for name in names]
NO_SOUNDS = "[signs]\ndistress_sounds_sd = 0.0\n"
NO_BASELINE = "the model without a baseline"
WITHOUT = {
    "everything": "",
    "no model": nothing(*MODEL),
    "no voice: model and sounds alone": nothing(*DESCRIPTORS),
    "no spectral balance": nothing("anger_balance", "distress_balance"),
    "no lengthening": nothing("anger_lengthening", "distress_lengthening"),
    "no sounds of distress": NO_SOUNDS,
    "no trend: the first words alone": nothing(*MODEL, *DESCRIPTORS) + NO_SOUNDS,
    "hardly a baseline (5 s)": "[trajectory]\nnorm_speech_s = 5.0\n",
    NO_BASELINE: "",
}


def without_baseline(model, folder):
    """A copy of the model whose card has it take every caller for the population."""
    copy = folder / model.name
    copy.write_bytes(model.read_bytes())
    card = model.with_suffix(".toml").read_text()
    for key, value in [("enrol_steps", "1"), ("shrink_steps", "1000000")]:
        card, changed = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", card)
        assert changed == 1, f"{model.with_suffix('.toml')} has no {key}"
    copy.with_suffix(".toml").write_text(card)
    return ["--model", str(copy)]


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tune", type=pathlib.Path)
    parser.add_argument("test", type=pathlib.Path)
    parser.add_argument("--undertone", default="target/release/undertone")
    parser.add_argument("--at", default="2", help="declared false alarms per call-hour (default 2)")
    parser.add_argument("--model", type=pathlib.Path, default=pathlib.Path("models/affect-open.onnx"))
    options = parser.parse_args()

    print("| evidence | became_angry | angry_from_start | sad_distress | false alarms /h |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "config.toml"
        for name, section in WITHOUT.items():
            config.write_text(section)
            heard_by = without_baseline(options.model, pathlib.Path(folder)) if name == NO_BASELINE else ["--model", str(options.model)]
            heard_by += ["--quiet", "--config", str(config)]
            calibration = run([options.undertone, "tune", *heard_by, str(options.tune)])
            config.write_text(section + calibration)
            rows = run([options.undertone, "eval", "calls", *heard_by, "--format", "json", "--at", options.at, str(options.test)])
            found, all_calls = collections.defaultdict(list), None
            for row in map(json.loads, rows.splitlines()):
                if row["scenario"] == "all":
                    all_calls = row
                elif row["detected"] is not None:
                    found[row["scenario"]].append((row["corpus"], row["detected"]))
            cells = [
                ", ".join(f"{corpus} {share:.2f}" for corpus, share in sorted(found[scenario]))
                for scenario in ("became_angry", "angry_from_start", "sad_distress")
            ]
            low, high = all_calls["false_per_hour_95"]
            rate = f"{all_calls['false_per_hour']:.1f} ({low:.1f}–{high:.1f})"
            print(f"| {name} | {' | '.join(cells)} | {rate} |", flush=True)


if __name__ == "__main__":
    main()
