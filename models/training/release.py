"""From the finished runs to what is shipped: ONNX, golden reading, card, RESULTS.md.

train.py, evaluate.py and grid.py end with it. By itself it makes the final network of another seed, to see how far seeds lie apart:

    python release.py --model affect-open --seed 1 --out DIR
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import card
import export
import results
from network import Network
from plan import CARDS, PLANS

VERSIONS = {"affect-open": "1.2.0", "affect-research": "1.0.1"}


def release(plan, runs, out, seed=None):
    """Writes the model's .onnx, .toml and .golden.json into `out`, and RESULTS.md beside this file.

    Without `seed` it is the network of the first one, which is released: it is not picked by its figures.
    """
    own = runs / plan.name
    facts = json.loads((own / "facts.json").read_text())
    seed = facts["seeds"][0] if seed is None else seed
    out.mkdir(parents=True, exist_ok=True)
    network = Network(plan.recipe.width, plan.recipe.dropout)
    network.load_state_dict(torch.load(own / f"final-seed{seed}.pt", weights_only=True))
    network.eval()
    parameters = sum(p.numel() for p in network.parameters())

    onnx = out / f"{plan.name}.onnx"
    graph = export.export(network, facts["calibration"], onnx)
    difference = export.check(onnx, graph)
    export.golden(onnx, out / f"{plan.name}.golden.json")

    command = plan.command.format(**{key: " ".join(map(str, facts[key])) for key in ("seeds", "folds")})
    training = {
        "data": [{**CARDS[corpus], "sha256_of_manifest": facts["manifests"][corpus]} for corpus in plan.corpora],
        "seeds": facts["seeds"],
        "folds": facts["folds"],
        "released_seed": seed,
        "recipe": facts["recipe"],
        "code": "models/training",
        "command": command,
    }
    card.write(
        out / f"{plan.name}.toml",
        onnx,
        plan,
        VERSIONS[plan.name],
        parameters,
        np.array(facts["population_mean"]),
        np.array(facts["population_sd"]),
        training,
        results.measured(own, plan),
        plan.limits + results.gender_limits(results.records(own, "cross")),
    )
    results.write(runs)
    print(f"{onnx}: {parameters} parameters, torch and ONNX differ by {difference:.1e}, {export.microseconds(onnx):.0f} us a window")


def main():
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=list(PLANS), default="affect-open")
    parser.add_argument("--runs", type=Path, default=here / "runs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    release(PLANS[options.model], options.runs, options.out, options.seed)


if __name__ == "__main__":
    main()
