"""The pages over HTTP as the server gives them: its policy, its assets, events on demand."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Site:
    """Serves `folder`; `fire()` sends one event to every page that listens."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.fragment = "pop.fragment.html"
        self.listening = 0
        self.changed = threading.Condition()
        self.fired = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                path = self.path.split("?")[0].strip("/")
                if path == "events":
                    return self.events()
                name = site.fragment if path == "fragment" else path if "." in path else f"{path}.html"
                file = (site.folder / name).resolve()
                if not file.is_file() or site.folder.resolve() not in file.parents:
                    return self.answer(404, "text/plain", b"")
                kind = {".css": "text/css", ".js": "text/javascript"}.get(file.suffix, "text/html")
                self.answer(200, f"{kind}; charset=utf-8", file.read_bytes())

            def answer(self, status, kind, body):
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                policy = (site.folder / "policy").read_text(encoding="utf-8")
                self.send_header("content-security-policy", policy)
                self.send_header("x-content-type-options", "nosniff")
                self.end_headers()
                self.wfile.write(body)

            def events(self):
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("cache-control", "no-store")
                self.end_headers()
                self.close_connection = True
                with site.changed:
                    seen = site.fired
                    site.listening += 1
                    site.changed.notify_all()
                try:
                    self.wfile.write(b": hello\n\n")
                    self.wfile.flush()
                    while True:
                        with site.changed:
                            site.changed.wait_for(lambda: site.fired != seen, timeout=1)
                            news, seen = site.fired != seen, site.fired
                        self.wfile.write(b"event: stage\ndata: {}\n\n" if news else b": alive\n\n")
                        self.wfile.flush()
                except OSError:
                    pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def fire(self):
        with self.changed:
            self.fired += 1
            self.changed.notify_all()

    def wait_for_listener(self):
        with self.changed:
            return self.changed.wait_for(lambda: self.listening > 0, timeout=5)
