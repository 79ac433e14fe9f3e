#!/usr/bin/env python3
"""Scores `undertone classify-text` on our own labelled turns.

    python benches/score_words.py tests/words/fresh_held.jsonl [--undertone target/release/undertone] [--pack FILE]

Each line is {"text", "labels", and "history" where the question may be one asked before}; a label that a line
does not have is left open there. Prints recall and precision with their 95 % intervals (Wilson). Only the
standard library is needed.
"""

import argparse
import json
import math
import subprocess

PLAIN = ("explicit_request", "distress", "confusion", "repeated_question")


def interval(hits, n):
    """Wilson's 95 % interval of a share."""
    z, p = 1.96, hits / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def told(hits, n):
    return f"{hits}/{n} {hits / n:.3f} | {interval(hits, n)[0]:.3f}–{interval(hits, n)[1]:.3f}" if n else "– | –"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("turns")
    parser.add_argument("--undertone", default="target/release/undertone")
    parser.add_argument("--pack")
    options = parser.parse_args()
    with open(options.turns, encoding="utf-8") as handle:
        rows = [json.loads(line) for line in handle]
    asked = "".join(json.dumps({key: row[key] for key in ("text", "history") if key in row}) + "\n" for row in rows)
    command = [options.undertone, "classify-text"] + (["--pack", options.pack] if options.pack else [])
    done = subprocess.run(command, input=asked, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{options.undertone} ended with {done.returncode}: {done.stderr.strip()}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    labels = sorted({label for row in rows for label in row["labels"]})
    print("| label | recall | 95 % | precision | 95 % |\n|---|---|---|---|---|")
    for label in labels:
        pairs = [(row["labels"][label], answer) for row, answer in zip(rows, answers) if row["labels"].get(label) is not None]
        said = [(truth, bool(answer.get(label)) if label in PLAIN else label in answer["intents"]) for truth, answer in pairs]
        hits = sum(truth and found for truth, found in said)
        print(f"| `{label}` | {told(hits, sum(t for t, _ in said))} | {told(hits, sum(f for _, f in said))} |")


if __name__ == "__main__":
    main()
