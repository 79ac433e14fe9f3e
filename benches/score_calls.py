#!/usr/bin/env python3
"""Scores `undertone analyze` over a folder of simulated calls.

    python benches/score_calls.py CALLS [--undertone target/release/undertone] [--config FILE] [--model ONNX]

CALLS holds call_*.wav and, beside each, call_*.json with `scenario`, `corpus`, `duration_s`,
`onset_s` (null where nothing should happen) and `utterances` (`start_s`, `end_s`). Escalations
before the onset, or in a call without one, are false alarms. Delays are in seconds of the caller's
speech after the onset; calls that never escalate have none, and lower the share detected.
Only the standard library is needed.
"""

import argparse
import collections
import json
import pathlib
import statistics
import subprocess


def escalations(undertone, folder, config, model):
    """File stem → its escalations."""
    command = [undertone, "analyze", "--format", "jsonl", "--quiet", str(folder)]
    command += ["--config", config] if config else []
    command += ["--model", model] if model else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{undertone} ended with {done.returncode}: {done.stderr.strip()}")
    found = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if event["type"] == "escalation":
            found[pathlib.Path(event["file"]).stem].append(event)
    return found


def speech(truth, start, end):
    """Seconds of the caller's speech in start..end."""
    clips = truth["utterances"]
    return sum(max(0.0, min(c["end_s"], end) - max(c["start_s"], start)) for c in clips)


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", type=pathlib.Path)
    parser.add_argument("--undertone", default="target/release/undertone")
    parser.add_argument("--config")
    parser.add_argument("--model")
    options = parser.parse_args()

    found = escalations(options.undertone, options.calls, options.config, options.model)
    table = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in sorted(options.calls.glob("*.json")):
        truth = json.loads(path.read_text())
        onset = truth["onset_s"]
        row = table[truth["scenario"], truth["corpus"]]
        quiet_until = truth["duration_s"] if onset is None else onset
        events = found[path.stem]
        row["false"].append(sum(e["at_s"] < quiet_until for e in events))
        row["hours"].append(quiet_until / 3600)
        if onset is not None:
            hits = [e for e in events if e["at_s"] >= onset]
            row["hit"].append(bool(hits))
            if hits:
                row["delay"].append(speech(truth, onset, hits[0]["at_s"]))
                row["reason"].append(hits[0]["reason"])

    print("| scenario | corpus | calls | detected | delay, s of speech: median / p90 | false alarms | reasons |")
    print("|---|---|---|---|---|---|---|")
    for (scenario, corpus), row in sorted(table.items()):
        detected = f"{statistics.mean(row['hit']):.2f}" if row["hit"] else ""
        delay = f"{quantile(row['delay'], 0.5):.1f} / {quantile(row['delay'], 0.9):.1f}" if row["delay"] else ""
        reasons = ", ".join(f"{k} {n}" for k, n in collections.Counter(row["reason"]).most_common())
        print(f"| {scenario} | {corpus} | {len(row['false'])} | {detected} | {delay} | {sum(row['false'])} | {reasons} |")
    for name, keep in [("calm and became_angry before its onset", {"calm", "became_angry"}), ("all", None)]:
        rows = [r for (scenario, _), r in table.items() if keep is None or scenario in keep]
        false, hours = (sum(sum(r[key]) for r in rows) for key in ("false", "hours"))
        print(f"\n{name}: {false} false alarms in {hours:.2f} call-hours, {false / hours:.1f} an hour")


if __name__ == "__main__":
    main()
