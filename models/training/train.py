"""One command a model: features, folds, final networks, ONNX, card. Taken up where it was left when run again.

    python train.py --data DIR --undertone ../../target/release/undertone
"""

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

# On a GPU cuBLAS repeats itself only so; it must be set before the first use.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
# Whether there is one is asked without touching it, so that workers can be forked.
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")

import numpy as np
import torch

import release
import recipe
from bank import Bank
from card import digest
from folds import FOLDS, final_model, run_folds
from input import MIN_STEPS
from parallel import train_all
from plan import PLANS
from render import render

HERE = Path(__file__).parent
# Copies of a corpus that is larger than EmoDB.
LARGER_COPIES = 8


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=list(PLANS), default="affect-open")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the corpora, emodb among them")
    parser.add_argument("--undertone", type=Path, default=HERE / "../../target/release/undertone", help="the engine")
    parser.add_argument("--runs", type=Path, default=HERE / "runs", help="features and checkpoints; delete to start anew")
    parser.add_argument("--out", type=Path, default=HERE / "../candidate", help="where the model and its card go")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)), help="the folds that calibrate and test")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--recipe", choices=list(recipe.RECIPES), help="another recipe than the model's own")
    parser.add_argument("--jobs", type=int, default=1, help="speakers rendered and networks trained at once; on a GPU too")
    return parser.parse_args()


def bank_of(plan, data, undertone, runs, jobs=1):
    """All corpora of a plan over the lines of its recipe, in the copies that all of them have."""
    banks = []
    for lines, copies in plan.recipe.copies:
        if len(plan.corpora) > 1 and lines != "wide":
            continue
        kind = []
        for corpus in plan.corpora:
            own = corpus == "emodb"
            bank = render(data / corpus, undertone, copies if own else LARGER_COPIES, runs, crop=own, lines=lines, jobs=jobs)
            kind.append(bank.only(bank.copy < LARGER_COPIES) if len(plan.corpora) > 1 else bank)
        banks.append(kind)
    return joined(banks)


def joined(kinds):
    """Banks of several kinds of line as one, the copies of each kind numbered after those of the kind before."""
    at, parts = 0, []
    for kind in kinds:
        for bank in kind:
            bank.copy = bank.copy + at
            parts.append(bank)
        at = max(int(bank.copy.max()) for bank in kind) + 1
    return Bank.joined(parts)


def main():
    options = arguments()
    plan = PLANS[options.model]
    if options.recipe:
        plan = replace(plan, recipe=recipe.RECIPES[options.recipe])
    # A corpus that is named itself stands for the folder that it lies in.
    if (options.data / "manifest.csv").exists():
        options.data = options.data.resolve().parent
    # One thread and fixed order: the same seed gives the same weights.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    own = options.runs / plan.name
    own.mkdir(parents=True, exist_ok=True)
    bank = bank_of(plan, options.data, options.undertone, options.runs, options.jobs)
    train_all(bank, own, options.seeds, options.folds, plan.recipe, options.jobs)
    calibration = run_folds(bank, own, options.seeds, options.folds, plan.recipe)
    for seed in options.seeds:
        population, _ = final_model(bank, own, seed, plan.recipe)
    facts = {
        "calibration": calibration,
        "population_mean": population[0].tolist(),
        "population_sd": population[1].tolist(),
        "seeds": options.seeds,
        "folds": options.folds,
        "recipe": recipe.facts(plan.recipe),
        "manifests": {corpus: digest(options.data / corpus / "manifest.csv") for corpus in plan.corpora},
        "short_clips": float(np.mean(bank.length < MIN_STEPS)),
    }
    (own / "facts.json").write_text(json.dumps(facts, indent=1))
    release.release(plan, options.runs, options.out)


if __name__ == "__main__":
    main()
