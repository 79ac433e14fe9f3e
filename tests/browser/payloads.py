"""Payloads that no agent should send, and that must not break the page."""

import json
from pathlib import Path

HERE = Path(__file__).parent / "payloads"
HOSTILE = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "</style></title><svg onload=\"document.title='owned'\">",
    "‮ txet desrever ‮⁦",
    "مرحبا بالعالم " * 8,
    "Z̷̢̛͔̩̐͊́a̵̧̛̗͐l̶̨͓͌̽g̸̛̝̈́o̷͖͐" * 6,
    "W" * 300,
    "\u0000\u001b[31m\u0007",
    "👩‍👩‍👧‍👦" * 40,
    "javascript:document.title='owned'",
]


def named(name):
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def filled(text, count):
    """All fields full of what `text(n)` gives, every list `count` long."""
    numbers = iter(range(10**9))
    t = lambda: text(next(numbers))
    payload = named("dispute")
    payload["call_id"] = t()
    payload["digest"] = {"headline": t(), "lines": [t()], "tone": t()}
    payload["identity"] = {"verified": False, "name": t(), "customer_id": t(), "method": t()}
    payload["intent"] = {"name": t(), "summary": t(), "confidence": 0.5}
    payload["transcript"] = [
        {"speaker": ["caller", "agent", "human"][n % 3], "text": t()[:400], "start_s": n, "final": n % 2 == 0}
        for n in range(count * 10)
    ]
    payload["sources"] = [{"title": t(), "uri": t(), "excerpt": t()} for _ in range(count)]
    outcomes = ["succeeded", "failed", "no_match", "pending"]
    payload["actions"] = [
        {"name": t(), "outcome": outcomes[n % 4], "result": t(), "arguments": {t(): t()}} for n in range(count)
    ]
    payload["committed_writes"] = [{"what": t(), "system": t(), "reference": t()} for _ in range(count)]
    payload["confidence"]["agent"].update(action=t(), dimensions={t(): 0.5 for _ in range(20)})
    reason = payload["escalation_reason"]
    reason.update(reason=t(), text=t(), phrase=t(), rule_version=7, also=[t() for _ in range(40)])
    reason["evidence"] = [{"feature": t(), "unit": t(), "baseline": 1e30, "now": -1e30, "sd": 9e9}] * 8
    payload["sentiment_trajectory"]["trend"] = t()
    payload["sentiment_trajectory"]["markers"] = [{"kind": t(), "at_s": n} for n in range(200)]
    payload["suggested_next_action"] = {"text": t(), "from": "policy"}
    payload["fields"] = {}
    return payload


def all_payloads():
    long = "The same words again and again, as a recogniser that hangs would write them. "
    return {
        "dispute": named("dispute"),
        "chat": named("chat"),
        "minimal": named("minimal"),
        "huge": filled(lambda n: (f"{n} " + long * 140)[:10_000 if n < 12 else 1_200], 200),
        "hostile": filled(lambda n: f"{HOSTILE[n % len(HOSTILE)]} {n}", 40),
    }
