"""The network: four dense convolutions over time, masked attentive statistics pooling, two heads.

Takes x [B, 100, 42] and mask [B, 100] as input.py makes them; gives seven class logits and three
affect logits. Attentive statistics pooling: Okabe, Koshinaka, Shinoda, Interspeech 2018.
"""

import torch
from torch import nn

from input import CHANNELS, WINDOW_STEPS

CLASSES = ["anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness"]
AFFECT = ["arousal", "anger", "distress", "confidence"]
POOLED_STEPS = WINDOW_STEPS // 4


def block(inputs, outputs, kernel, stride=1, dilation=1):
    """Convolution, batch normalisation (folded into it at export) and ReLU."""
    padding = dilation * (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, kernel, stride, padding, dilation, bias=False),
        nn.BatchNorm1d(outputs),
        nn.ReLU(),
    )


class Network(nn.Module):
    """Dense convolutions only: depthwise ones are slower in the pure-Rust runtime."""

    def __init__(self, width=96, dropout=0.3):
        super().__init__()
        self.trunk = nn.Sequential(
            block(len(CHANNELS), 64, 5, stride=2),
            block(64, width, 5, stride=2),
            block(width, width, 3),
            block(width, width, 3, dilation=2),
        )
        self.attention = nn.Sequential(nn.Conv1d(width, 32, 1), nn.ReLU(), nn.Conv1d(32, width, 1))
        self.embed = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * width, 64), nn.ReLU(), nn.Dropout(dropout))
        self.classes = nn.Linear(64, len(CLASSES))
        self.affect = nn.Linear(64, 3)

    def forward(self, x, mask):
        h = self.trunk((x * mask.unsqueeze(-1)).transpose(1, 2))
        # Four input steps fall on one pooled step: it weighs as much as it holds speech.
        weight = mask.reshape(-1, POOLED_STEPS, 4).mean(-1).unsqueeze(1)
        weight = torch.softmax(self.attention(h), dim=-1) * weight
        weight = weight / (weight.mean(-1, keepdim=True) + 1e-6)
        mean = (weight * h).mean(-1)
        spread = torch.sqrt(torch.relu((weight * h * h).mean(-1) - mean * mean) + 1e-4)
        e = self.embed(torch.cat([mean, spread], dim=1))
        return self.classes(e), self.affect(e)


class Calibrated(nn.Module):
    """The released graph: the network with the calibration (see calibrate.py) behind it."""

    def __init__(self, network, calibration):
        super().__init__()
        self.network = network
        for key, value in calibration.items():
            self.register_buffer(key, torch.tensor(value, dtype=torch.float32))

    def forward(self, x, mask):
        classes, affect = self.network(x, mask)
        z = torch.nn.functional.linear(affect, self.affect_mix, self.affect_bias)
        anger = z[:, 1:2]
        distance = torch.relu(anger) + torch.relu(-anger)
        heard = mask.mean(-1, keepdim=True)
        trust = self.trust_bias + self.trust_distance * distance + self.trust_heard * heard
        return torch.softmax(classes / self.temperature, dim=-1), torch.sigmoid(torch.cat([z, trust], dim=1))


UNCALIBRATED = {
    "temperature": 1.0,
    "affect_mix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    "affect_bias": [0.0, 0.0, 0.0],
    "trust_bias": -1.0,
    "trust_distance": 1.0,
    "trust_heard": 1.0,
}
