"""Fits the calibration behind the logits: a temperature for the classes, a line for each affect head.

The line of anger lies half way between that of its own logit and the one through all three affect logits: what the
arousal head heard tells anger from calm where lines and voices are strange, but not from fear or joy (README.md, "What
was tried"). Those of the others are their own logit's.

Platt, Advances in Large Margin Classifiers 1999; Guo et al., ICML 2017. The confidence is a logistic
regression of "the anger reading is right" on how far it is from undecided and how much speech was heard.
"""

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from sklearn.linear_model import LogisticRegression

from batch import targets

HEADS = ["arousal", "anger", "distress"]


def log_softmax(z):
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def line(inputs, target, strength=1e3):
    """(slopes, bias) of a logistic regression."""
    fitted = LogisticRegression(C=strength).fit(inputs, target)
    return fitted.coef_[0], fitted.intercept_[0]


def fit(scored):
    """The calibration, as Calibrated takes it, from windows that training never saw."""
    known = [e for e in targets(scored.emotion)]
    label = known[0]
    taught = label >= 0
    nll = lambda log_t: -log_softmax(scored.classes[taught] / np.exp(log_t))[np.arange(taught.sum()), label[taught]].mean()
    mix, bias = np.zeros((3, 3)), np.zeros(3)
    for head, target in enumerate(known[1:]):
        taught = target >= 0
        z, target = scored.affect[taught], target[taught]
        mix[head, [head]], bias[head] = line(z[:, [head]], target)
        if HEADS[head] == "anger":
            mix[head] = (mix[head] + line(z, target, strength=1.0)[0]) / 2
            slope, bias[head] = line(z @ mix[head, :, None], target)
            mix[head] *= slope
    taught = label >= 0
    distance, right = certainty(scored, mix, bias)
    trust = fit_trust(distance, scored.heard, right)
    return {
        "temperature": float(np.exp(minimize_scalar(nll, bounds=(-2, 2), method="bounded").x)),
        "affect_mix": mix.tolist(),
        "affect_bias": bias.tolist(),
        **trust,
    }


def certainty(scored, mix, bias):
    """(distance of the anger logit from 0, whether its side is right)."""
    z = scored.affect @ mix[1] + bias[1]
    return np.abs(z), (z > 0) == (scored.emotion == "anger")


def fit_trust(distance, heard, right):
    """Logistic regression with slopes held at 0 or above: more speech never lowers the confidence."""
    inputs = np.stack([np.ones_like(distance), distance, heard], 1)

    def cost(weights):
        z = inputs @ weights
        return (np.logaddexp(0, z) - right * z).mean() + 1e-4 * (weights**2).sum()

    found = minimize(cost, np.array([0.0, 1.0, 0.5]), bounds=[(None, None), (0, None), (0, None)]).x
    return dict(zip(("trust_bias", "trust_distance", "trust_heard"), map(float, found)))


def apply(calibration, scored):
    """Calibrated (classes [n, 7], affect [n, 4]) of clips, the same arithmetic as the released graph."""
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    z = scored.affect @ np.transpose(calibration["affect_mix"]) + calibration["affect_bias"]
    trust = calibration["trust_bias"] + calibration["trust_distance"] * np.abs(z[:, 1])
    trust = trust + calibration["trust_heard"] * scored.heard
    classes = np.exp(log_softmax(scored.classes / calibration["temperature"]))
    return classes, sigmoid(np.concatenate([z, trust[:, None]], 1))
