"""The screen pop and the wall in a real browser.

    python tests/browser/screen.py --undertone target/release/undertone --pages target/release/examples/screen_pages

Needs chromium and chromedriver (Debian: chromium, chromium-driver) and requirements.txt.
`--pictures docs` also writes the pictures of the documentation.
"""

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

from payloads import all_payloads
from served import Served
from site_server import Site

FIELDS = [
    "identity", "intent", "transcript", "sources", "actions", "committed_writes", "confidence",
    "escalation_reason", "sentiment_trajectory", "suggested_next_action",
]
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb",
]
# What a reader needs: every field in the window, with text, and nothing in front of it.
SEEN = """
const [w, h] = [innerWidth, innerHeight];
const page = document.scrollingElement;
const out = {scrolls: page.scrollHeight > h || page.scrollWidth > w, fields: {}, title: document.title};
for (const e of document.querySelectorAll('[data-field]')) {
  const r = e.getBoundingClientRect();
  const top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
  const shown = [...e.querySelectorAll('.value, .instead, .lead, .items, .quote')].map(v => v.getBoundingClientRect());
  out.fields[e.dataset.field] = {
    inside: r.x >= 0 && r.y >= 0 && r.right <= w && r.bottom <= h && r.width > 150 && r.height > 50,
    text: e.innerText.trim().length, open: top !== null && e.contains(top),
    // The first value starts inside of the card's own box.
    value: shown.length > 0 && shown[0].height > 0 && shown[0].y >= r.y && shown[0].y + 14 <= r.bottom,
    cut: e.scrollHeight > e.clientHeight + 1 && getComputedStyle(e).overflowY !== 'visible',
  };
}
const boxes = [...document.querySelectorAll('main > *')].map(e => e.getBoundingClientRect());
out.overlap = boxes.some((a, n) => boxes.slice(n + 1).some(b =>
  a.x < b.right - 1 && b.x < a.right - 1 && a.y < b.bottom - 1 && b.y < a.bottom - 1));
return out;
"""


class Browser:
    def __init__(self, folder):
        options = Options()
        for flag in [*FLAGS, f"--user-data-dir={folder}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.size(1280, 800)

    def size(self, width, height):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )

    def scheme(self, name):
        feature = [{"name": "prefers-color-scheme", "value": name}, {"name": "prefers-reduced-motion", "value": "reduce"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def keys(self, *keys):
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def until(self, script, seconds=1.0):
        """The seconds it took until `script` was true; None where it never was."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            if self.run(script):
                return time.monotonic() - start
            time.sleep(0.02)
        return None


FAILED = []


def check(name, true, detail=""):
    if not true:
        FAILED.append(name)
        print(f"FAILED  {name}  {detail}")


def accessible(browser, name):
    axe = importlib.util.find_spec("axe_playwright_python").submodule_search_locations[0]
    browser.run(Path(axe, "axe.min.js").read_text(encoding="utf-8"))
    found = browser.driver.execute_async_script(
        "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(r => done(r.violations));"
    )
    for violation in found:
        where = [node["target"] for node in violation["nodes"]][:3]
        if violation["impact"] in ("serious", "critical"):
            check(f"{name}: {violation['id']}", False, f"{violation['help']} {where}")
        else:
            print(f"note    {name}: {violation['impact']} {violation['id']} {where}")


def readable(browser, name):
    seen = browser.run(SEEN)
    check(f"{name}: the document does not scroll", not seen["scrolls"])
    check(f"{name}: nothing overlaps", not seen["overlap"])
    check(f"{name}: ten fields", sorted(seen["fields"]) == sorted(FIELDS), list(seen["fields"]))
    for field, facts in seen["fields"].items():
        whole = facts["inside"] and facts["text"] > 3 and facts["open"] and facts["value"]
        check(f"{name}: {field} is seen", whole, facts)
    check(f"{name}: no code of the payload runs", "owned" not in seen["title"][:8], seen["title"])
    complaints = browser.complaints()
    check(f"{name}: the console is empty", not complaints, complaints[:3])
    return seen


def analysed(undertone, folder):
    """The bundled call as the program itself hears it and hands it over."""
    call = ["samples/dispute-stereo.wav", "--channel", "both", "--dialogue", "samples/dispute.jsonl"]
    outputs = ["--handoff", folder / "bundled.json", "--screen", folder / "bundled.html", "--out", folder / "events"]
    subprocess.run([undertone, "analyze", "--backend", "embedded", *call, *outputs], check=True)
    return folder / "bundled.json"


def standalone(browser, undertone, folder):
    for name, payload in {"bundled": None, **all_payloads()}.items():
        source, page = folder / f"{name}.json", folder / f"{name}.html"
        if payload is not None:
            source.write_text(json.dumps(payload), encoding="utf-8")
            subprocess.run([undertone, "screen", source, "--out", page], check=True)
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            browser.open(page.as_uri())
            seen = readable(browser, f"{name}, {scheme}")
            if name in ("bundled", "dispute", "chat", "minimal"):
                cut = [field for field, facts in seen["fields"].items() if facts["cut"]]
                check(f"{name}, {scheme}: nothing is cut", not cut, cut)
            if name != "huge":  # The same elements, and axe takes long over 2000 turns.
                accessible(browser, f"{name}, {scheme}")
        # A browser's own bars leave this of a screen of 1280×800.
        browser.size(1280, 660)
        readable(browser, f"{name}, 1280×660")
        browser.size(1280, 800)
    # Zoomed to 400 % the page flows: no text is lost to the side.
    browser.size(320, 640)
    browser.open((folder / "dispute.html").as_uri())
    check("400 %: no sideways scrolling", browser.run("return document.scrollingElement.scrollWidth <= 320"))
    browser.size(1280, 800)


def by_keyboard(browser, page):
    browser.open(page.as_uri())
    focus = "const e = document.activeElement; return e.className || e.id || e.tagName"
    browser.keys(Keys.TAB)
    check("keyboard: the skip link is first", browser.run(focus) == "skip", browser.run(focus))
    check("keyboard: it shows when focused", browser.run("return document.activeElement.getBoundingClientRect().y >= 0"))
    browser.keys(Keys.ENTER)
    reached = None
    for _ in range(3):
        if browser.run("return document.activeElement.id") == "transcript":
            reached = True
            break
        browser.keys(Keys.TAB)
    check("keyboard: the skip link leads to the transcript", reached, browser.run(focus))
    browser.keys(Keys.ENTER)
    check("keyboard: Enter opens it", browser.run("return document.querySelector('.turns').open"))
    drawer = "const r = document.querySelector('.drawer').getBoundingClientRect();"
    inside = browser.run(drawer + "return r.height > 150 && r.y >= 0 && r.bottom <= innerHeight && r.right <= innerWidth")
    check("keyboard: the transcript is inside the window", inside)
    check("keyboard: and pushes nothing", not browser.run("return document.scrollingElement.scrollHeight > innerHeight"))
    browser.keys(Keys.TAB)
    check("keyboard: it can be scrolled by keys", browser.run(focus) == "drawer", browser.run(focus))
    # Without the skip link: every stop is visible, and the last leads there too.
    browser.open(page.as_uri())
    for _ in range(60):
        browser.keys(Keys.TAB)
        if browser.run("return document.activeElement.id") == "transcript":
            break
    check("keyboard: Tab alone leads there", browser.run("return document.activeElement.id") == "transcript")


def live(browser, pages, payload, folder):
    subprocess.run([pages, payload, folder], check=True)
    site = Site(folder)
    site.fragment = "pop.html"  # Until the stage is told.
    browser.scheme("light")
    browser.open(f"{site.base}/pop")
    check("live: the page listens", site.wait_for_listener())
    took = browser.until("return document.getElementById('live').dataset.live === 'live'", 3)
    check("live: it says so", took is not None, browser.complaints())
    readable(browser, "live, initiated")
    accessible(browser, "live, initiated")
    # The reader has the transcript open and stands on its fold.
    browser.run("document.querySelector('.turns').open = true; document.getElementById('transcript').focus();")
    turns = browser.run("return document.querySelectorAll('.drawer li').length")
    browser.run("window.kept = document.querySelector('.identity').firstChild")
    site.fragment = "pop.fragment.html"
    site.fire()
    ringing = "return document.querySelector('[aria-current=step]').innerText.includes('Ringing')"
    took = browser.until(ringing)
    check("live: the stage changes within a second", took is not None)
    check("live: late is said", browser.run("return document.querySelector('[data-part=status]').innerText.includes('late')"))
    check("live: a field that went is told", browser.run("return document.querySelector('.next').classList.contains('missing')"))
    grown = browser.run("return document.querySelectorAll('.drawer li').length") - turns
    check("live: a new turn is in the transcript", grown == 1, grown)
    check("live: the transcript stays open", browser.run("return document.querySelector('.turns').open"))
    check("live: the focus stays", browser.run("return document.activeElement.id") == "transcript")
    same = browser.run("return window.kept === document.querySelector('.identity').firstChild")
    check("live: what did not change is not touched", same)
    check("live: the console is empty", not (said := browser.complaints()), said)
    print(f"stage on the screen after {1000 * (took or 9):.0f} ms")
    site.fragment = "gone"
    site.fire()
    lost = browser.until("return document.getElementById('live').dataset.live === 'lost'")
    check("live: a lost server is said", lost is not None)
    browser.complaints()
    return site


def wall(browser, site):
    for count in (0, 12, 300):
        site.fragment = f"wall-{count}.html"
        browser.size(1920, 1080)
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            browser.open(f"{site.base}/wall-{count}")
            name = f"wall of {count}, {scheme}"
            if count < 300:
                accessible(browser, name)
            rows = browser.run("return document.querySelectorAll('tr.row-calm, tr.row-waits, tr.row-late').length")
            check(f"{name}: a row a call", rows == count, rows)
    check("wall: no sideways scrolling", browser.run("return document.scrollingElement.scrollWidth <= innerWidth"))
    size = browser.run("return parseFloat(getComputedStyle(document.querySelector('tbody td')).fontSize)")
    check("wall: large enough for two metres", size >= 22, size)
    browser.until("return document.getElementById('live').dataset.live === 'live'", 3)
    # The row that is focused is kept while rows come and go around it.
    browser.run("document.querySelector('[data-row=\"call-7\"] a').focus(); window.row = document.querySelector('[data-row=\"call-7\"]')")
    site.fragment = "wall-300.fragment.html"
    browser.run("""
      window.slowest = 0; let last = performance.now();
      const tick = now => { window.slowest = Math.max(window.slowest, now - last); last = now; requestAnimationFrame(tick); };
      requestAnimationFrame(tick);
    """)
    time.sleep(0.3)
    browser.run("window.slowest = 0")
    site.fire()
    took = browser.until("return !!document.querySelector('[data-row=\"call-300\"]')")
    check("wall: a new call gets a row within a second", took is not None)
    check("wall: a call that ended loses its row", browser.run("return !document.querySelector('[data-row=\"call-0\"]')"))
    kept = browser.run("return window.row === document.querySelector('[data-row=\"call-7\"]') && window.row.contains(document.activeElement)")
    check("wall: row and focus are kept", kept)
    time.sleep(0.2)
    print(f"wall of 300 after {1000 * (took or 9):.0f} ms, longest frame {browser.run('return window.slowest'):.0f} ms")
    check("wall: the console is empty", not (said := browser.complaints()), said)


def back_and_forth(browser, site):
    """A supervisor goes from the wall to a call and back, again and again."""
    for turn in range(12):
        page = ("pop-ringing", "wall-12")[turn % 2]
        site.fragment = f"{page}.html"
        browser.open(f"{site.base}/{page}")
        took = browser.until("return document.getElementById('live').dataset.live === 'live'", 3)
        check(f"back and forth, page {turn + 1}: it is live", took is not None)
    # What happens while another tab is in front is on the page when it is seen again.
    site.fragment = "wall-12.fragment.html"
    before = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    site.fire()
    time.sleep(0.3)
    browser.driver.close()
    browser.driver.switch_to.window(before)
    took = browser.until("return !!document.querySelector('[data-row=\"call-12\"]')")
    check("back and forth: a tab that comes to the front is brought up to date", took is not None)


def with_server(browser, undertone, folder):
    """The real server: a request for a human, and the way to one, on the screen as it happens."""
    served = Served(undertone, folder)
    try:
        say = lambda body: served.post("calls/call-1/dialogue", body)
        served.post("calls", {"call_id": "call-1", "channel": "chat"})
        say({"type": "turn", "speaker": "caller", "text": "i want to talk to a real person please"})
        wall_url = served.post("tickets", {})["url"]
        pop_url = served.post("tickets", {"call_id": "call-1"})["url"]
        browser.size(1280, 800)
        browser.scheme("light")
        browser.open(pop_url)
        took = browser.until("return document.getElementById('live').dataset.live === 'live'", 3)
        check("server: the page is live", took is not None, browser.complaints())
        readable(browser, "server")
        accessible(browser, "server")
        current = "return document.querySelector('[aria-current=step]').innerText.includes('%s')"
        for stage in ("initiated", "ringing", "accepted"):
            if browser.run(current % stage.capitalize()):
                continue
            served.post("calls/call-1/transfer", {"stage": stage})
            took = browser.until(current % stage.capitalize())
            check(f"server: {stage} is on the screen within a second", took is not None)
            print(f"server: {stage} on the screen after {1000 * (took or 9):.0f} ms")
            if stage == "ringing":  # The agent keeps the caller company, and what it learns is shown.
                say({"type": "identity", "verified": True, "name": "Ada <b>Vance</b>", "method": "PIN"})
                told = browser.until("return document.querySelector('[data-field=identity]').innerText.includes('Ada <b>')")
                check("server: what is told while it rings is shown", told is not None)
        check("server: the console is empty", not (said := browser.complaints()), said)
        browser.open(wall_url)
        browser.until("return document.getElementById('live').dataset.live === 'live'", 3)
        check("server: the call is on the wall", browser.run("return !!document.querySelector('[data-row=\"call-1\"]')"))
        served.post("calls/call-2/dialogue", {"type": "turn", "speaker": "caller", "text": "hello"})
        took = browser.until("return !!document.querySelector('[data-row=\"call-2\"]')")
        check("server: a new call gets a row within a second", took is not None)
        check("server: the wall's console is empty", not (said := browser.complaints()), said)
        browser.run("document.querySelector('[data-row=\"call-1\"] a').click()")
        check("server: from the wall to the call", browser.until("return document.body.dataset.page === 'pop'", 3) is not None)
    finally:
        browser.open("about:blank")
        served.stop()


def pictures(browser, site, folder):
    browser.size(1280, 800)
    browser.scheme("light")
    site.fragment = "pop-ringing.html"
    browser.open(f"{site.base}/pop-ringing")
    browser.until("return document.getElementById('live').dataset.live === 'live'", 3)
    browser.driver.save_screenshot(str(folder / "screen-pop.png"))
    site.fragment = "wall-12.html"
    browser.open(f"{site.base}/wall-12")
    browser.until("return document.getElementById('live').dataset.live === 'live'", 3)
    browser.driver.save_screenshot(str(folder / "wall.png"))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--undertone", default="target/release/undertone")
    arguments.add_argument("--pages", default="target/release/examples/screen_pages")
    arguments.add_argument("--pictures", type=Path)
    arguments = arguments.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        browser = Browser(folder / "profile")
        try:
            payload = analysed(arguments.undertone, folder)
            standalone(browser, arguments.undertone, folder)
            by_keyboard(browser, folder / "dispute.html")
            by_keyboard(browser, folder / "huge.html")
            site = live(browser, arguments.pages, payload, folder / "site")
            wall(browser, site)
            back_and_forth(browser, site)
            with_server(browser, arguments.undertone, folder)
            if arguments.pictures:
                pictures(browser, site, arguments.pictures)
        finally:
            browser.driver.quit()
    print(f"{len(FAILED)} failures, {time.monotonic() - start:.0f} s")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
