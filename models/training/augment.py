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


def colour(rng, n, kind):
    """Noise of unit RMS: white, pink (-3 dB/oct), brown (-6 dB/oct) or like many voices."""
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
    edges, kind = ([line.low_hz, line.high_hz], "bandpass") if line.low_hz else (line.high_hz, "lowpass")
    speech = signal.sosfilt(signal.butter(line.order, edges, kind, fs=RATE, output="sos"), speech)
    if line.rate != RATE:
        speech = signal.resample_poly(speech, 1, RATE // line.rate)
    speech = speech * 10 ** ((line.level_db - SOURCE_LEVEL_DB) / 20)
    speech = speech + rng.standard_normal(len(speech)) * 10 ** (line.line_noise_db / 20)
    speech = np.clip(speech, -1, 1 - 2**-15)
    return companded(speech, line.codec) if line.codec else speech
