"""The line between mouth and engine: room, noise, handset, gain control, band, codec.

One `Line` is drawn for one caller and one copy, and holds for all the clips of that call.
All noise is made here; no recording of noise is used.
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal

from corpus import RATE, SOURCE_LEVEL_DB


@dataclass
class Line:
    """What one call goes through. `noise_snr_db` None: line noise only."""

    rate: int = 8000
    level_db: float = -24.0
    low_hz: float | None = 300.0
    high_hz: float = 3400.0
    order: int = 6
    codec: str | None = "mu"
    noise: str = "white"
    noise_snr_db: float | None = None
    reverb_s: float = 0.0
    eq_db: tuple = ()
    drive: float = 0.0
    agc: float = 0.0
    line_noise_db: float = -65.0
    # Speech-correlated noise of a vocoder, ITU-T P.810: Q in dB.
    mnru_db: float | None = None
    # The voice of another speaker: pitch, formants and tempo together.
    speed: float = 1.0
    # The lines of `unseen_line` alone: an echo of a few ms (a comb), lost packets.
    comb_ms: float = 0.0
    loss: float = 0.0


def reference_line(rng):
    """The line of every evaluation: 8 kHz, 300-3400 Hz, mu-law, a random level, no added noise."""
    return Line(level_db=rng.uniform(-33, -15))


def random_line(rng, wideband=False):
    """A line for a training copy."""
    line = Line(
        level_db=rng.uniform(-33, -15),
        low_hz=rng.choice([None, rng.uniform(60, 250), rng.uniform(250, 400)], p=[0.15, 0.25, 0.6]),
        high_hz=rng.uniform(3000, 3700),
        order=int(rng.integers(2, 9)),
        codec=rng.choice(["mu", "a", None], p=[0.5, 0.35, 0.15]),
        noise=rng.choice(["white", "pink", "brown", "babble"]),
        noise_snr_db=rng.uniform(5, 40) if rng.random() < 0.75 else None,
        reverb_s=rng.uniform(0.1, 0.4) if rng.random() < 0.35 else 0.0,
        eq_db=tuple(rng.normal(0, 3, 6)) if rng.random() < 0.8 else (),
        drive=rng.uniform(0.5, 3) if rng.random() < 0.25 else 0.0,
        agc=rng.uniform(0.2, 0.7) if rng.random() < 0.35 else 0.0,
        line_noise_db=rng.uniform(-75, -55),
    )
    if wideband:
        line.rate, line.codec, line.low_hz, line.high_hz = RATE, None, rng.choice([None, 60.0]), 7000.0
    return line


def wide_line(rng, wideband=False):
    """A line for a training copy of the wider recipe: also other voices, vocoders and worse noise."""
    line = random_line(rng, wideband)
    if rng.random() < 0.6:
        line.speed = rng.uniform(0.87, 1.15)
    if rng.random() < 0.3:
        line.mnru_db = rng.uniform(8, 30)
    line.eq_db = tuple(rng.normal(0, 4, 6)) if rng.random() < 0.85 else ()
    line.noise_snr_db = rng.uniform(3, 40) if rng.random() < 0.8 else None
    line.agc = rng.uniform(0.2, 0.9) if rng.random() < 0.4 else 0.0
    return line


def unseen_line(rng, kind):
    """A line for choosing recipes: of a kind that no training copy has, with a voice at the edge of theirs."""
    line = Line(level_db=rng.uniform(-33, -15), speed=(0.84, 1.0, 1.19)[kind % 3])
    if kind == 0:
        line.noise, line.noise_snr_db = "hum", 12.0
    elif kind == 1:
        line.low_hz, line.high_hz, line.order = 500.0, 2700.0, 10
    elif kind == 2:
        line.loss, line.noise, line.noise_snr_db = 0.05, "pink", 20.0
    elif kind == 3:
        line.comb_ms, line.codec = rng.uniform(0.5, 3), "a"
    elif kind == 4:
        line.agc, line.drive, line.noise, line.noise_snr_db = 1.0, 5.0, "pink", 15.0
    else:
        line.noise, line.noise_snr_db, line.level_db = "hum", 6.0, -40.0
    return line


# One call over these lines, for the grid of EVALUATION.md. The loss is of packets that the receiver conceals.
GRID = {
    "16 kHz, clean": dict(rate=RATE, low_hz=None, high_hz=7600.0, codec=None, line_noise_db=-90.0),
    "8 kHz, clean": dict(low_hz=None, high_hz=3700.0, codec=None, line_noise_db=-90.0),
    "8 kHz, mu-law": dict(),
    "mu-law, noise 20 dB": dict(noise="pink", noise_snr_db=20.0),
    "mu-law, noise 15 dB": dict(noise="pink", noise_snr_db=15.0),
    "mu-law, noise 10 dB": dict(noise="pink", noise_snr_db=10.0),
    "mu-law, loss 1 %": dict(loss=0.01),
    "mu-law, loss 3 %": dict(loss=0.03),
    "mu-law, loss 5 %": dict(loss=0.05),
}


def grid_line(rng, condition):
    """The reference line with what a condition of the grid changes."""
    return Line(level_db=rng.uniform(-33, -15), **list(GRID.values())[condition])


def colour(rng, n, kind):
    """Noise of unit RMS: white, pink (-3 dB/oct), brown (-6 dB/oct), like many voices, or tones and hiss."""
    if kind == "hum":
        t = np.arange(n) / RATE
        tones = sum(np.sin(2 * np.pi * hz * t + rng.uniform(0, 6.3)) for hz in (350, 400, 450, 600, 1250, 2100))
        tones += rng.standard_normal(n)
        return tones / np.sqrt((tones**2).mean())
    white = rng.standard_normal(n)
    if kind == "white":
        return white
    spectrum, hz = np.fft.rfft(white), np.fft.rfftfreq(n, 1 / RATE)
    slope = {"pink": 0.5, "brown": 1.0, "babble": 0.75}[kind]
    spectrum *= np.maximum(hz, 50) ** -slope * (hz > 50)
    noise = np.fft.irfft(spectrum, n)
    if kind == "babble":
        # Syllables come and go three to six times a second.
        knots = rng.exponential(1, int(n / RATE * rng.uniform(3, 6)) + 2)
        noise *= 0.3 + np.interp(np.linspace(0, len(knots) - 1, n), np.arange(len(knots)), knots)
    return noise / np.sqrt((noise**2).mean())


def reverberate(rng, speech, seconds):
    """A room: the direct sound and an exponentially decaying tail 6 to 20 dB below it."""
    t = np.arange(int(seconds * RATE)) / RATE
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / seconds) * (t > 0.003)
    tail *= 10 ** (-rng.uniform(6, 20) / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return signal.fftconvolve(speech, tail)[: len(speech)]


def equalise(speech, gains_db):
    """A gentle curve through gains at 100, 300, 800, 1500, 3000 and 6000 Hz."""
    hz = [0, 100, 300, 800, 1500, 3000, 6000, RATE / 2]
    gains = 10 ** (np.clip([gains_db[0], *gains_db, gains_db[-1]], -8, 8) / 20)
    return signal.fftconvolve(speech, signal.firwin2(255, hz, gains, fs=RATE), mode="same")


def gain_control(speech, strength):
    """A slow gain control: pulls the level over 0.5 s toward the mean by `strength` (0 none, 1 all)."""
    hop = RATE // 100
    frames = len(speech) // hop
    power = (speech[: frames * hop].reshape(frames, hop) ** 2).mean(1)
    slow = 10 * np.log10(signal.lfilter([0.02], [1, -0.98], power) + 1e-9)
    gain_db = strength * np.clip(SOURCE_LEVEL_DB - slow, -12, 12)
    return speech * 10 ** (np.interp(np.arange(len(speech)) / hop, np.arange(frames), gain_db) / 20)


def concealed(rng, samples, share, packet=160):
    """Loses packets of 20 ms at 8 kHz and repeats the one before, as simple receivers do."""
    for at in range(packet, len(samples) - packet, packet):
        if rng.random() < share:
            samples[at : at + packet] = 0.7 * samples[at - packet : at]
    return samples


def companded(samples, law):
    """G.711 there and back: 8 bits on a logarithmic scale of 16 segments (ITU-T G.711, tables 1 and 2)."""
    size = np.minimum(np.abs(samples), 1 - 2**-15)
    if law == "mu":
        biased = size * 8192 + 33
        segment = np.clip(np.floor(np.log2(np.minimum(biased, 8191))) - 5, 0, 7)
        step = 2.0 ** (segment + 1)
        value = (np.floor(np.minimum(biased, 8191) / step) * step + step / 2 - 33) / 8192
    else:
        scaled = size * 4096
        step = 2.0 ** np.maximum(np.floor(np.log2(np.maximum(scaled, 32))) - 5, 0) * 2
        value = (np.floor(scaled / step) * step + step / 2) / 4096
    return np.sign(samples) * value


def transmit(rng, speech, line):
    """Takes a caller's speech at RATE and SOURCE_LEVEL_DB; gives the call at `line.rate`, in -1..1."""
    if line.reverb_s:
        speech = reverberate(rng, speech, line.reverb_s)
    if line.noise_snr_db is not None:
        noise_db = SOURCE_LEVEL_DB - line.noise_snr_db
        speech = speech + colour(rng, len(speech), line.noise) * 10 ** (noise_db / 20)
    if line.eq_db:
        speech = equalise(speech, line.eq_db)
    if line.agc:
        speech = gain_control(speech, line.agc)
    if line.drive:
        speech = np.tanh(speech * line.drive * 4) / (line.drive * 4)
    if line.comb_ms:
        echo = np.zeros(int(line.comb_ms / 1000 * RATE) + 1)
        echo[0], echo[-1] = 1.0, 0.7
        speech = signal.fftconvolve(speech, echo)[: len(speech)]
    edges, kind = ([line.low_hz, line.high_hz], "bandpass") if line.low_hz else (line.high_hz, "lowpass")
    speech = signal.sosfilt(signal.butter(line.order, edges, kind, fs=RATE, output="sos"), speech)
    if line.mnru_db is not None:
        speech = speech * (1 + rng.standard_normal(len(speech)) * 10 ** (-line.mnru_db / 20))
    if line.rate != RATE:
        speech = signal.resample_poly(speech, 1, RATE // line.rate)
    speech = speech * 10 ** ((line.level_db - SOURCE_LEVEL_DB) / 20)
    speech = speech + rng.standard_normal(len(speech)) * 10 ** (line.line_noise_db / 20)
    speech = np.clip(speech, -1, 1 - 2**-15)
    if line.loss:
        speech = concealed(rng, speech, line.loss)
    return companded(speech, line.codec) if line.codec else speech
