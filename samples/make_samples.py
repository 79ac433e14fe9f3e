#!/usr/bin/env python3
"""Make the sample calls of this folder from calls.toml: synthetic voices on a telephone line.

    python make_samples.py            write every WAV and truth.toml
    python make_samples.py calm       write one WAV (truth.toml keeps the others)
    python make_samples.py --report   measure the WAVs that are here, section by section

espeak-ng speaks the words. WORLD (Morise et al. 2016) takes that speech apart into pitch, spectral envelope and
aperiodicity; a Style moves these, and WORLD puts them together again. Then come a telephone band, line noise and G.711.
No person speaks in these files. README.md says what they are good for and how to install what is needed.
"""

import argparse
import dataclasses
import io
import pathlib
import re
import subprocess
import tomllib
import warnings
import zlib

import numpy as np
import soundfile as sf
from scipy import ndimage, signal

HERE = pathlib.Path(__file__).resolve().parent
WIDE, PHONE = 16000, 8000  # Hz: where the voice is worked on, and what the line carries
FRAME = 0.005  # s, WORLD's frame period
CALM_DBFS, NOISE_DBFS = -26.0, -55.0  # active speech level of a calm caller; line noise


@dataclasses.dataclass(frozen=True)
class Style:
    """How a turn is said, against the same voice saying it plainly."""

    words_per_min: float = 165.0
    pitch_st: float = 0.0  # median pitch, semitones
    pitch_range: float = 1.0  # factor on the distance from the median, in semitones
    tilt_db: float = 0.0  # 1-3.4 kHz against 300-1000 Hz
    level_db: float = 0.0
    first_formant: float = 1.0  # a wider jaw raises the first formant
    breath: float = 0.10  # share of the periodic part that becomes noise
    jitter: float = 0.006  # relative, frame to frame
    shimmer_db: float = 0.4
    tremor_st: float = 0.0  # pitch modulation at 4-6 Hz, semitones
    onset_db: float = 0.0  # weight on the first 80 ms after a pause
    stress_db: float = 0.0  # extra dynamics between strong and weak syllables
    breaks: float = 0.0  # voice breaks per second of voiced speech
    gap: float = 1.0  # factor on the pauses between turns
    breath_dbfs: float = -54.0  # breath before a turn


STYLES = {
    "calm": Style(),
    # Held against acted anger and neutral speech of the same speaker; README.md says how near it lies.
    "angry": Style(words_per_min=180, pitch_st=5.0, pitch_range=1.45, tilt_db=10.5, level_db=7.0, first_formant=1.08,
                   breath=0.12, jitter=0.009, shimmer_db=0.9, onset_db=4.0, stress_db=2.0, gap=0.75, breath_dbfs=-46),
    "slow": Style(words_per_min=132, pitch_st=-0.5, pitch_range=0.9, tilt_db=-1.0, level_db=-1.5, breath=0.12,
                  jitter=0.007, onset_db=-1.0),
    "happy": Style(words_per_min=192, pitch_st=5.0, pitch_range=1.45, tilt_db=3.0, level_db=3.0, stress_db=0.5,
                   gap=0.8),
    "distress": Style(words_per_min=108, pitch_st=-2.3, pitch_range=0.45, level_db=-2.5, breath=0.35, jitter=0.014,
                      shimmer_db=1.2, tremor_st=1.5, onset_db=-3.0, breaks=0.5, gap=1.1, breath_dbfs=-40),
    "agent": Style(words_per_min=185, pitch_range=0.7),
}


@dataclasses.dataclass(frozen=True)
class Voice:
    """An espeak-ng voice, and the median pitch it is given when calm."""

    espeak: str
    pitch_hz: float


VOICES = {
    "anna": Voice("en+f2", 196),
    "carol": Voice("en-us+f3", 186),
    "joan": Voice("en-us+f4", 178),
    "mark": Voice("en+m7", 112),
    "george": Voice("en-us+Michael", 104),
    "paul": Voice("en-us+klatt4", 118),
    "agent": Voice("en-gb-x-rp+f5", 205),
}

# Long-term average speech spectrum in third octaves, dB (Byrne et al. 1994, combined, rounded).
LTASS_HZ = [200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300]
LTASS_DB = [60, 60, 59, 62, 62, 60.5, 57, 54, 53, 52, 49, 48, 47, 46, 45, 44]
PLAIN = "The weather was quite good on Saturday, so we went down to the lake, and later we had coffee with my sister."


# --- words -----------------------------------------------------------------------------------------------------------


def style_named(name):
    """A style, or "a>b:x": the point x of the way from a to b."""
    found = re.fullmatch(r"(\w+)>(\w+):([\d.]+)", name)
    if not found:
        return STYLES[name]
    a, b, x = STYLES[found[1]], STYLES[found[2]], float(found[3])
    return Style(*(p + x * (q - p) for p, q in zip(dataclasses.astuple(a), dataclasses.astuple(b))))


def pieces(words):
    """Cut a turn into ("say", text, stretch), ("hush", seconds) and ("breath",)."""
    plain = []
    for token in re.findall(r"\[[^\]]+\]|[\w']+~|[^\[\s]+", words):
        mark = token.strip("[],.")
        if not token.startswith("[") and not token.endswith("~"):
            plain.append(token)
            continue
        if plain:
            yield "say", " ".join(plain), 1.0
            plain = []
        if token.endswith("~"):
            yield "say", token[:-1], 1.9
        elif mark in ("um", "uh"):
            yield "say", {"um": "[[V::m:]]", "uh": "[[V::]]"}[mark], 1.2
        elif mark == "breath":
            yield ("breath",)
        else:
            yield "hush", float(mark)
    if plain:
        yield "say", " ".join(plain), 1.0


def espeak(voice, text, words_per_min):
    """Speech of espeak-ng at 16 kHz, without its silent edges."""
    command = ["espeak-ng", "-v", voice.espeak, "-s", str(round(words_per_min)), "-z", "--stdout", text]
    heard = subprocess.run(command, check=True, capture_output=True).stdout
    x, rate = sf.read(io.BytesIO(heard))
    x = signal.resample_poly(x, WIDE, rate)
    loud = np.flatnonzero(np.abs(x) > 0.01 * np.abs(x).max())
    return x[max(0, loud[0] - 160) : loud[-1] + 320]


# --- voice -----------------------------------------------------------------------------------------------------------


def world():
    """pyworld imports pkg_resources, which warns on every start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld
    return pyworld


def analyse(x):
    """WORLD: pitch (0 where unvoiced), power spectrum and aperiodicity, a row each 5 ms."""
    pw = world()
    f0, t = pw.dio(x, WIDE, f0_floor=60, f0_ceil=500, frame_period=1000 * FRAME)
    f0 = pw.stonemask(x, f0, t, WIDE)
    return f0, pw.cheaptrick(x, f0, t, WIDE), pw.d4c(x, f0, t, WIDE)


def smooth_noise(rng, count, seconds):
    """Noise of about unit deviation that wanders over the given time."""
    width = seconds / FRAME
    smoothed = ndimage.gaussian_filter1d(rng.standard_normal(count), width, mode="wrap")
    return smoothed * np.sqrt(2 * width * np.sqrt(np.pi))


class Speaker:
    """One voice for one call: its own median pitch, and an equaliser that gives it a human long-term spectrum."""

    def __init__(self, name, seed):
        self.voice = VOICES[name]
        self.rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        f0, envelope, _ = analyse(espeak(self.voice, PLAIN, 165))
        self.source_hz = np.median(f0[f0 > 0])
        self.hz = np.linspace(0, WIDE / 2, envelope.shape[1])
        edges = np.outer(LTASS_HZ, [2 ** (-1 / 6), 2 ** (1 / 6)])
        band = [envelope[:, (self.hz >= lo) & (self.hz < hi)].sum(1).mean() for lo, hi in edges]
        wanted = LTASS_DB - 10 * np.log10(band)
        wanted = ndimage.gaussian_filter1d(np.clip(wanted - wanted.mean(), -15, 15), 1.2, mode="nearest")
        self.equaliser_db = np.interp(self.hz, LTASS_HZ, wanted)

    def breath(self, level_dbfs, seconds=0.45):
        """A drawn breath: noise through an open vocal tract, rising and then cut short."""
        count = int(seconds * WIDE)
        tract = signal.butter(2, [700, 2800], "bandpass", fs=WIDE, output="sos")
        noise = signal.sosfilt(tract, self.rng.standard_normal(count))
        t = np.linspace(0, 1, count)
        shape = np.sin(np.pi * t**1.4) ** 1.5
        return noise / noise.std() * shape * 10 ** (level_dbfs / 20) * 1.6

    def turn(self, words, style):
        """A whole turn at its level: its pieces one after the other."""
        # No two turns of a person lie at quite the same height, pace and level.
        drift_st, drift_pace, drift_db = self.rng.normal(0, [0.6, 0.04, 0.8])
        style = dataclasses.replace(style, pitch_st=style.pitch_st + drift_st, level_db=style.level_db + drift_db,
                                    words_per_min=style.words_per_min * (1 + np.clip(drift_pace, -0.08, 0.08)))
        out = [self.breath(style.breath_dbfs), np.zeros(WIDE // 25)]
        for kind, *rest in pieces(words):
            if kind == "hush":
                out.append(np.zeros(int(rest[0] * WIDE)))
            elif kind == "breath":
                out += [np.zeros(WIDE // 10), self.breath(style.breath_dbfs, 0.7), np.zeros(WIDE // 12)]
            else:
                said = self.say(rest[0], rest[1], style)
                out.append(said / said.std() * 10 ** ((CALM_DBFS + style.level_db) / 20))
        return np.concatenate(out)

    def say(self, text, stretch, style):
        """Speak one piece and move pitch, envelope, aperiodicity, pace and dynamics."""
        rng = self.rng
        f0, envelope, noise_share = analyse(espeak(self.voice, text, style.words_per_min))
        # Pace: a lengthened piece, and the small unevenness of living speech.
        pace = stretch * (1 + 0.08 * smooth_noise(rng, len(f0), 0.15))
        when = np.interp(np.arange(0, pace.sum()), np.cumsum(pace), np.arange(len(f0)))
        voiced = f0[np.round(when).astype(int)] > 0
        filled = np.interp(np.arange(len(f0)), np.flatnonzero(f0), f0[f0 > 0]) if f0.any() else f0 + self.source_hz
        st = 12 * np.log2(np.interp(when, np.arange(len(f0)), filled) / self.source_hz)
        low = np.floor(when).astype(int)
        high, part = np.minimum(low + 1, len(f0) - 1), (when - low)[:, None]
        envelope = envelope[low] ** (1 - part) * envelope[high] ** part
        noise_share = noise_share[low] * (1 - part) + noise_share[high] * part
        count, t = len(st), np.arange(len(st)) * FRAME

        tremor = np.sin(2 * np.pi * np.cumsum(5 + 0.5 * smooth_noise(rng, count, 0.3)) * FRAME)
        st = style.pitch_st + style.pitch_range * st + 0.5 * smooth_noise(rng, count, 0.2) - 0.4 * (t - t.mean())
        st += style.tremor_st * tremor
        pitch = self.voice.pitch_hz * 2 ** (st / 12) * (1 + style.jitter * rng.standard_normal(count))

        # Envelope: the caller's equaliser, the effort tilt, and the first formant moved by a warp that ends at 1.5 kHz.
        warp = self.hz / (1 + (style.first_formant - 1) * np.clip(1.5 - self.hz / 1000, 0, 1))
        envelope = np.stack([np.interp(warp, self.hz, row) for row in envelope])
        tilt = style.tilt_db * np.interp(np.log2(self.hz.clip(1)), np.log2([700, 1400]), [-0.5, 0.5])
        envelope *= 10 ** ((self.equaliser_db + tilt) / 10)
        breathy = np.interp(self.hz, [0, 500, 3000], [0.3, 0.6, 1.0]) * style.breath
        noise_share = 1 - (1 - noise_share) * (1 - breathy.clip(0, 0.95))

        power = 10 * np.log10(envelope.sum(1) + 1e-16)
        sounding = power > np.percentile(power, 95) - 30
        gain = style.shimmer_db * rng.standard_normal(count) * voiced + 2 * style.tremor_st * tremor
        gain += style.stress_db * np.clip((power - np.median(power[sounding])) / 6, -1, 1) * sounding
        for start in np.flatnonzero(np.diff(sounding.astype(int)) == 1):
            since = np.arange(count - start) * FRAME
            gain[start:] += style.onset_db * np.exp(-since / 0.04) * (since < 0.12)
        for _ in range(rng.poisson(style.breaks * voiced.sum() * FRAME)):
            at = rng.choice(np.flatnonzero(voiced))
            gone = slice(at, at + rng.integers(10, 24))  # 50-120 ms: half the pitch, then nothing but breath
            pitch[gone] *= 0.55
            voiced[gone.start + 5 : gone.stop] = False
            gain[gone] -= 6

        spoken = world().synthesize(np.where(voiced, pitch, 0.0), np.ascontiguousarray(envelope),
                                    np.ascontiguousarray(noise_share.clip(0, 1)), WIDE, 1000 * FRAME)
        steps = np.interp(np.arange(len(spoken)) / WIDE, t, ndimage.gaussian_filter1d(gain, 1.0))
        edge = np.minimum(1, np.minimum(np.arange(len(spoken)), np.arange(len(spoken))[::-1]) / (0.008 * WIDE))
        return spoken * 10 ** (steps / 20) * edge


# --- line ------------------------------------------------------------------------------------------------------------


def band(x, rate):
    """The telephone band, 300-3400 Hz."""
    return signal.sosfilt(signal.butter(4, [300, 3400], "bandpass", fs=rate, output="sos"), x)


def line(x, rng):
    """What the far end hears: soft-limited by the handset, band-limited, with line noise, at 8 kHz."""
    x = band(signal.resample_poly(np.tanh(x / 0.7) * 0.7, PHONE, WIDE), PHONE)
    noise = band(rng.standard_normal(len(x)), PHONE)
    return x + noise / noise.std() * 10 ** (NOISE_DBFS / 20)


def make(name, call):
    """Write one call; give back its truth."""
    people = {"caller": Speaker(call["caller"], call["seed"])}
    if "agent" in call:
        people["agent"] = Speaker(call["agent"], call["seed"])
    rng = np.random.default_rng([call["seed"], 77])
    legs = {who: np.zeros(120 * WIDE) for who in people}
    sections, end, last = [], 0.0, None
    for style_name, words, *gap in call["turns"]:
        who, style = "agent" if style_name == "agent" else "caller", style_named(style_name)
        start = end + (gap[0] if gap else rng.uniform(*call["gaps"]) * style.gap)
        spoken = people[who].turn(words, style)
        first, stop = int(start * WIDE), int(start * WIDE) + len(spoken)
        if start < end:  # talked over: the other side breaks off 0.7 s later
            end = min(end, start + 0.7)
            cut = int(end * WIDE)
            legs[last][cut - 800 : cut] *= np.linspace(1, 0, 800)
            legs[last][cut:] = 0
            sections[-1][3] = round(end, 2)
        legs[who][first:stop] += spoken
        sections.append([who, style_name, round(start, 2), round(stop / WIDE, 2)])
        end, last = max(end, stop / WIDE), who
    total = int((end + 0.8) * WIDE)
    left_right = np.stack([line(leg[:total], rng) for leg in legs.values()], axis=1)
    sf.write(HERE / f"{name}.wav", left_right, PHONE, subtype="ULAW")
    onset = next((s[2] for s in sections if "angry" in s[1] or "distress" in s[1]), None)
    return {"expect": call["expect"], "onset_s": onset, "duration_s": round(total / WIDE, 2),
            "channels": len(legs), "sections": sections}


def write_truth(truth):
    """truth.toml, in the order of calls.toml."""
    out = ["# Written by make_samples.py. expect: trend, not-trend (an escalation for another reason), none, any.",
           "# onset_s: where the first angry or distressed turn begins; absent where there is none.",
           "# sections: who, style, from, to (s); a>b:x is x of the way from a to b."]
    for name, entry in truth.items():
        out += ["", f"[{name}]", f'file = "{name}.wav"', f'scenario = "{name}"', f'expect = "{entry["expect"]}"']
        if entry["onset_s"] is not None:
            out.append(f"onset_s = {entry['onset_s']}")
        out += [f"duration_s = {entry['duration_s']}", f"channels = {entry['channels']}", "sections = ["]
        out += [f'  ["{w}", "{s}", {a}, {b}],' for w, s, a, b in entry["sections"]] + ["]"]
    (HERE / "truth.toml").write_text("\n".join(out) + "\n")


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(x, rate=PHONE):
    """What the line carries, in 10 ms steps: pitch by windowed autocorrelation (Boersma 1993), so that the missing
    fundamental of a telephone does not matter; balance of 1-3.4 kHz over 0.3-1 kHz; level; syllable nuclei per second
    of speech; harmonics-to-noise ratio; and how steeply the level rises."""
    hop, size, bins = rate // 100, rate // 25, 1024
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(x, size)[::hop] * window
    power = np.abs(np.fft.rfft(frames, bins)) ** 2 + 1e-9
    hz = np.fft.rfftfreq(bins, 1 / rate)
    level = 10 * np.log10((frames**2).mean(1) / (window**2).mean() + 1e-12)
    speech = level > max(np.percentile(level, 95) - 25, np.percentile(level, 5) + 6)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, bins)) ** 2)
    auto = np.fft.irfft(power)
    lags = np.arange(rate // 450, rate // 70)
    auto = auto[:, lags] / auto[:, :1] / (own[lags] / own[0])
    best = (auto - 0.05 * np.log2(lags)).argmax(1)  # a cost on long lags, and a median: octave slips
    strength = auto[np.arange(len(auto)), best].clip(0, 0.999)
    st = signal.medfilt(12 * np.log2(rate / lags[best]), 5)
    voiced = speech & (strength > 0.7)
    kept = st[voiced & (np.abs(st - np.median(st[voiced])) < 10)]
    upper = power[:, (hz >= 1000) & (hz < 3400)].sum(1)
    lower = power[:, (hz >= 300) & (hz < 1000)].sum(1)
    smooth = signal.savgol_filter(level, 7, 2)
    nuclei, _ = signal.find_peaks(np.where(speech, smooth, level.min()), prominence=2, distance=8)
    nuclei = [n for n in nuclei if voiced[max(0, n - 3) : n + 4].any()]
    talk = ndimage.binary_closing(speech, np.ones(15)).sum() / 100
    return {"f0_hz": 2 ** (np.median(kept) / 12), "range_st": np.subtract(*np.percentile(kept, [90, 10])),
            "tilt_db": (10 * np.log10(upper / lower))[voiced].mean(),
            "level_dbfs": 10 * np.log10((10 ** (level[speech] / 10)).mean()), "syl_per_s": len(nuclei) / talk,
            "hnr_db": np.median(10 * np.log10(strength / (1 - strength))[voiced]),
            "rise_db": np.percentile(np.diff(smooth)[speech[1:]], 97), "talk_s": talk}


def report():
    """Print a line for each run of turns of one style in each WAV of truth.toml."""
    truth = tomllib.loads((HERE / "truth.toml").read_text())
    keys = ["f0_hz", "range_st", "tilt_db", "level_dbfs", "syl_per_s", "hnr_db", "rise_db", "talk_s"]
    print(f"{'file':18}{'who':8}{'style':20}" + "".join(f"{k:>11}" for k in keys))
    for name, entry in truth.items():
        x, _ = sf.read(HERE / entry["file"], always_2d=True)
        runs, talk = {}, 0.0
        for who, style, start, stop in entry["sections"]:
            column = x[:, 1 if who == "agent" else 0]
            runs.setdefault((who, style), []).append(column[int(start * PHONE) : int(stop * PHONE)])
        for (who, style), turns in runs.items():
            got = measure(np.concatenate(turns))
            talk += got["talk_s"] if who == "caller" else 0
            print(f"{name:18}{who:8}{style:20}" + "".join(f"{got[k]:11.1f}" for k in keys))
        print(f"{name:18}{entry['duration_s']} s, caller talks {100 * talk / entry['duration_s']:.0f} %\n")


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("names", nargs="*", help="calls to make; all of them when none is named")
    ask.add_argument("--report", action="store_true", help="measure instead of make")
    asked = ask.parse_args()
    if asked.report:
        return report()
    calls = tomllib.loads((HERE / "calls.toml").read_text())
    unknown = set(asked.names) - set(calls)
    if unknown:
        ask.error(f"no call named {', '.join(sorted(unknown))} in calls.toml; there are {', '.join(calls)}")
    there = HERE / "truth.toml"
    truth = tomllib.loads(there.read_text()) if asked.names and there.exists() else {}
    for entry in truth.values():
        entry.setdefault("onset_s", None)
    for name in asked.names or calls:
        truth[name] = make(name, calls[name])
        print(f"{name}.wav  {truth[name]['duration_s']} s")
    write_truth({name: truth[name] for name in calls if name in truth})


if __name__ == "__main__":
    main()
