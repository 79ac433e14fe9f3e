"""Scores the released network and the fold networks on corpora that no weight ever saw.

    python evaluate.py --data DIR --corpora ravdess nemo ased --undertone ../../target/release/undertone

Run it after train.py. Nothing is trained or calibrated here.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
import torch

import calibrate
import release
from folds import FOLDS, final_model, fold_model
from input import MIN_STEPS, SHRINK_STEPS
from learn import logits
from metrics import measure
from render import render
from scoring import score

HERE = Path(__file__).parent
FIGURES = ["auc_anger_calm", "auc_anger_rest", "auc_arousal", "auc_distress", "uar5", "ece_anger"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the corpora, emodb among them")
    parser.add_argument("--corpora", nargs="+", default=["ravdess", "nemo", "ased"])
    parser.add_argument("--undertone", type=Path, default=HERE / "../../target/release/undertone")
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    parser.add_argument("--out", type=Path, default=HERE / "..")
    return parser.parse_args()


def networks(bank, runs, facts):
    """Every trained network: (name, population, network), the released one first."""
    for seed in facts["seeds"]:
        yield f"final, seed {seed}", *final_model(bank, runs, seed, facts["steps"])
    for seed in facts["seeds"]:
        for fold in range(FOLDS):
            population, network, _, _ = fold_model(bank, runs, fold, seed, facts["steps"])
            yield f"fold {fold}, seed {seed}", population, network


def main():
    options = arguments()
    torch.set_num_threads(1)
    facts = json.loads((options.runs / "facts.json").read_text())
    trained = render(options.data / "emodb", options.undertone, facts["copies"], options.runs)
    tests = {name: render(options.data / name, options.undertone, 1, options.runs, crop=False) for name in options.corpora}
    records = []
    for name, population, network in networks(trained, options.runs, facts):
        for corpus, bank in tests.items():
            for enrolled in (True, False):
                speakers = sorted(set(bank.speaker))
                scored = score(bank, speakers, population, SHRINK_STEPS, partial(logits, network), enrolled=enrolled)
                figures = measure(scored.emotion, *calibrate.apply(facts["calibration"], scored))
                kept = {key: figures[key] for key in FIGURES}
                left_out = float(np.mean(bank.length < MIN_STEPS))
                row = {"network": name, "corpus": corpus, "baseline": enrolled, "clips": len(scored.emotion), "too_short": left_out, **kept}
                records.append(row)
                print(" ".join(f"{k}={v:.3f}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()), flush=True)
    (options.runs / "cross.json").write_text(json.dumps(records, indent=1))
    release.release(options.runs, options.out)


if __name__ == "__main__":
    main()
