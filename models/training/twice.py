"""Rewrites an exported graph so that a window is read alike, bit for bit, alone and in any batch.

Runtimes multiply a matrix of one row by another kernel than one of several, which adds up in another order. So the
two dense layers behind the pooling see every row twice, and the second half of what they give is left out. They are
a hundredth of the network's work. The weights stay as they are.

    python twice.py affect-open.onnx OUT.onnx
"""

import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper


def feeds(graph, name):
    """Whether a dense layer takes what is called `name`, if need be behind a ReLU."""
    takers = [node for node in graph.node if name in node.input]
    return any(node.op_type == "Gemm" or node.op_type == "Relu" and feeds(graph, node.output[0]) for node in takers)


def twice(model):
    """Doubles the rows of the first dense layer's input, and halves those of the last layers' outputs."""
    graph = model.graph
    dense = [node for node in graph.node if node.op_type == "Gemm"]
    if any(name.startswith("twice/") for node in graph.node for name in node.output):
        raise SystemExit("the graph was rewritten before")
    first, heads = dense[0], [node for node in dense if not feeds(graph, node.output[0])]
    if any(len(node.input) != 3 for node in dense) or len(heads) != 2:
        raise SystemExit("not the graph of network.py: a dense layer, and two heads in the end")
    rows = first.input[0]
    nodes = [helper.make_node("Concat", [rows, rows], ["twice/rows"], axis=0, name="twice/rows")]
    first.input[0] = "twice/rows"
    graph.initializer.append(numpy_helper.from_array(np.array(0, np.int64), "twice/first"))
    after = []
    for head in heads:
        wanted = head.output[0]
        width = next(i.dims[0] for i in graph.initializer if i.name == head.input[2])
        shape = f"{head.input[2]}/halves"
        graph.initializer.append(numpy_helper.from_array(np.array([2, -1, width], np.int64), shape))
        head.output[0] = f"twice{wanted}"
        after.append((head, [
            helper.make_node("Reshape", [head.output[0], shape], [f"twice/halves{wanted}"], name=f"twice/halves{wanted}"),
            helper.make_node("Gather", [f"twice/halves{wanted}", "twice/first"], [wanted], axis=0, name=f"twice/half{wanted}"),
        ]))
    ordered = []
    for node in graph.node:
        ordered += nodes if node is first else []
        ordered.append(node)
        ordered += next((those for head, those in after if head is node), [])
    del graph.node[:]
    graph.node.extend(ordered)
    del graph.value_info[:]
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    source, target = sys.argv[1:]
    onnx.save(twice(onnx.load(source)), target)
