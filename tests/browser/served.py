"""A running server for the browser test, spoken to as a voice agent would."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

NOTICE = "A machine listens to how you sound, so that we can put you through to a person."


class Served:
    """`undertone serve` on a free port, with its store in `folder`."""

    def __init__(self, undertone, folder):
        made = subprocess.run([undertone, "token", "browser"], check=True, capture_output=True, text=True)
        self.token = made.stderr.strip()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        config = folder / "served.toml"
        config.write_text(
            f'[server]\nlisten = "{self.address}"\npublic_url = "http://{self.address}"\nnotice = "{NOTICE}"\n'
            f'[store]\npath = "{folder / "served.db"}"\n{made.stdout}',
            encoding="utf-8",
        )
        self.log = open(folder / "served.log", "w", encoding="utf-8")
        command = [undertone, "serve", "--backend", "embedded", "--config", config]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        start = time.monotonic()
        while True:
            try:
                with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=1):
                    return
            except (OSError, urllib.error.URLError):
                if self.process.poll() is not None or time.monotonic() - start > 20:
                    self.stop()
                    raise RuntimeError((folder / "served.log").read_text(encoding="utf-8")) from None
                time.sleep(0.05)

    def post(self, path, body):
        request = urllib.request.Request(
            f"http://{self.address}/v1/{path}",
            data=json.dumps(body).encode(),
            headers={"authorization": f"Bearer {self.token}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.code} {error.read().decode()}") from None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
