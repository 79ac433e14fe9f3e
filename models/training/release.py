"""From the finished runs to what is shipped: ONNX, golden reading, card, RESULTS.md."""

import json

import numpy as np
import torch

import card
import export
import results
from network import Network
from plan import CARDS

VERSIONS = {"affect-open": "1.1.0", "affect-research": "1.0.0"}


def release(plan, runs, out):
    """Writes the model's .onnx, .toml and .golden.json into `out`, and RESULTS.md beside this file.

    The network of the first seed is the released one: it is not picked by its figures.
    """
    own = runs / plan.name
    facts = json.loads((own / "facts.json").read_text())
    network = Network(plan.recipe.width, plan.recipe.dropout)
    network.load_state_dict(torch.load(own / f"final-seed{facts['seeds'][0]}.pt", weights_only=True))
    network.eval()
    parameters = sum(p.numel() for p in network.parameters())

    onnx = out / f"{plan.name}.onnx"
    graph = export.export(network, facts["calibration"], onnx)
    difference = export.check(onnx, graph)
    export.golden(onnx, out / f"{plan.name}.golden.json")

    command = plan.command.format(seeds=" ".join(map(str, facts["seeds"])))
    training = {
        "data": [{**CARDS[corpus], "sha256_of_manifest": facts["manifests"][corpus]} for corpus in plan.corpora],
        "seeds": facts["seeds"],
        "released_seed": facts["seeds"][0],
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
    )
    results.write(runs)
    print(f"{onnx}: {parameters} parameters, torch and ONNX differ by {difference:.1e}, {export.microseconds(onnx):.0f} us a window")
