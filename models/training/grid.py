"""The lines, one by one: what EmoDB's unseen speakers lose between 16 kHz and a bad telephone, and what moves.

    python grid.py --data DIR --undertone ../../target/release/undertone

One call of each speaker goes over every line of `augment.GRID`. Run it after train.py; writes grid.json.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
import torch

import calibrate
import release
from augment import GRID
from evaluate import false_anger, genders
from folds import calibration_set, fold_model
from input import SHRINK_STEPS
from learn import logits
from metrics import measure
from plan import OPEN
from render import render
from scoring import score
from train import bank_of

HERE = Path(__file__).parent
KEPT = ["auc_anger_calm", "auc_anger_rest", "auc_arousal", "uar7"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the corpora, emodb among them")
    parser.add_argument("--undertone", type=Path, default=HERE / "../../target/release/undertone")
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    parser.add_argument("--out", type=Path, default=HERE / "../candidate")
    options = parser.parse_args()
    torch.set_num_threads(1)
    own = options.runs / OPEN.name
    facts = json.loads((own / "facts.json").read_text())
    trained = bank_of(OPEN, options.data, options.undertone, options.runs)
    bank = render(options.data / "emodb", options.undertone, len(GRID), options.runs, lines="grid")
    gender = genders(options.data / "emodb")
    records = []
    for seed in facts["seeds"]:
        for fold in facts["folds"]:
            population, network, validation, held = fold_model(trained, own, fold, seed, OPEN.recipe)
            read = partial(logits, network)
            common = calibrate.fit(calibration_set(trained, validation, population, read, seed))
            first = None
            for copy, condition in enumerate(GRID):
                fitted = calibrate.fit(score(bank, validation, population, SHRINK_STEPS, read, copy=copy))
                scored = score(bank, held, population, SHRINK_STEPS, read, copy=copy)
                classes, affect = calibrate.apply(common, scored)
                readings = dict(zip(scored.name, affect[:, 1]))
                first = first or readings
                moved = [abs(readings[name] - first[name]) for name in readings if name in first]
                record = {"fold": fold, "seed": seed, "condition": condition, "clips": len(scored.emotion)}
                figures = measure(scored.emotion, classes, affect)
                record |= {key: figures[key] for key in KEPT} | {"moved": np.round(moved, 4).tolist()}
                record |= {"p": affect[:, 1].round(4).tolist(), "anger": (scored.emotion == "anger").tolist()}
                record["p_own"] = calibrate.apply(fitted, scored)[1][:, 1].round(4).tolist()
                record["false_anger"] = false_anger(scored, affect, gender)
                records.append(record)
    (own / "grid.json").write_text(json.dumps(records))
    release.release(OPEN, options.runs, options.out)


if __name__ == "__main__":
    main()
