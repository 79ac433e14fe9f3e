"""One command: features, folds, final network, ONNX, card. Taken up where it was left when run again.

    python train.py --data DIR/emodb --undertone ../../target/release/undertone
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import release
from card import digest
from folds import final_model, run_folds
from input import MIN_STEPS
from render import render

HERE = Path(__file__).parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="EmoDB: a folder with manifest.csv and audio/")
    parser.add_argument("--undertone", type=Path, default=HERE / "../../target/release/undertone", help="the engine")
    parser.add_argument("--runs", type=Path, default=HERE / "runs", help="features and checkpoints; delete to start anew")
    parser.add_argument("--out", type=Path, default=HERE / "..", help="where the model and its card go")
    parser.add_argument("--copies", type=int, default=14, help="renderings of the corpus, the first without augmentation")
    parser.add_argument("--steps", type=int, default=1200, help="batches of 64 windows a network")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    return parser.parse_args()


def main():
    options = arguments()
    # One thread and fixed order: the same seed gives the same weights.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    options.runs.mkdir(parents=True, exist_ok=True)
    bank = render(options.data, options.undertone, options.copies, options.runs)
    calibration = run_folds(bank, options.runs, options.seeds, options.steps)
    for seed in options.seeds:
        population, _ = final_model(bank, options.runs, seed, options.steps)
    facts = {
        "calibration": calibration,
        "population_mean": population[0].tolist(),
        "population_sd": population[1].tolist(),
        "seeds": options.seeds,
        "steps": options.steps,
        "copies": options.copies,
        "manifest": digest(options.data / "manifest.csv"),
        "short_clips": float(np.mean(bank.length < MIN_STEPS)),
    }
    (options.runs / "facts.json").write_text(json.dumps(facts, indent=1))
    release.release(options.runs, options.out)


if __name__ == "__main__":
    main()
