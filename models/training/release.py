"""From the finished runs to what is shipped: ONNX, golden reading, card, RESULTS.md."""

import json

import numpy as np
import torch

import card
import export
import results
from network import Network

VERSION = "1.0.0"
COMMAND = "python train.py --data DIR/emodb --undertone ../../target/release/undertone --copies {copies} --steps {steps} --seeds {seeds}"


def release(runs, out):
    """Writes affect-open.onnx, .toml and .golden.json into `out`, and RESULTS.md beside this file.

    The network of the first seed is the released one: it is not picked by its figures.
    """
    facts = json.loads((runs / "facts.json").read_text())
    network = Network()
    network.load_state_dict(torch.load(runs / f"final-seed{facts['seeds'][0]}.pt", weights_only=True))
    network.eval()
    parameters = sum(p.numel() for p in network.parameters())

    onnx = out / f"{card.NAME}.onnx"
    graph = export.export(network, facts["calibration"], onnx)
    difference = export.check(onnx, graph)
    export.golden(onnx, out / f"{card.NAME}.golden.json")

    folds = json.loads((runs / "folds.json").read_text())
    cross_file = runs / "cross.json"
    cross = json.loads(cross_file.read_text()) if cross_file.exists() else []
    command = COMMAND.format(**{**facts, "seeds": " ".join(map(str, facts["seeds"]))})
    training = {
        "data": [{**card.EMODB, "sha256_of_manifest": facts["manifest"]}],
        "seeds": facts["seeds"],
        "released_seed": facts["seeds"][0],
        "code": "models/training",
        "command": command,
    }
    card.write(
        out / f"{card.NAME}.toml",
        onnx,
        VERSION,
        parameters,
        np.array(facts["population_mean"]),
        np.array(facts["population_sd"]),
        training,
        results.measured(folds, cross),
    )
    results.write(folds, cross, facts, command)
    print(f"{onnx}: {parameters} parameters, torch and ONNX differ by {difference:.1e}, {export.microseconds(onnx):.0f} us a window")
