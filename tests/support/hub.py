"""A hub for tests: hub.py ROOT LOG [CERTIFICATE] serves the models ROOT/OWNER/NAME/... as the Hugging Face Hub does,
large files by a redirect to another host (127.0.0.2), and prints both ports. Each request is a line of JSON in LOG.
What goes wrong follows from a model's name (FAULTS). With a certificate (PEM, with its key) the hub speaks TLS."""
import hashlib
import http.server
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

ROOT, LOG = sys.argv[1:3]
LARGE = 1000  # bytes from which on a file is of Git LFS
COMMIT = {"main": "1" * 40, "v1": "2" * 40}
FAULTS = """cut: each answer ends after a tenth; whole: no parts; busy: 429, 500 and 503 first; down: 503;
wrong: other bytes; slow; slow-whole: both; stall: stops once; gated; private; up, root, back: names outside;
huge: 10^15 bytes;
vast: 2^62; long: more bytes than listed; other: another hash than listed; early: ends without saying so;
past: 416 once; never: half, then 416; mirror: other ETags; shut: the other host's 403. CONNECT is refused (407)."""
counts, guard = {}, threading.Lock()
ports = {}


def times(key):
    """How often this was called with the key before."""
    with guard:
        counts[key] = counts.get(key, 0) + 1
        return counts[key] - 1


def read(model, path):
    with open(os.path.join(ROOT, model, path), "rb") as file:
        return file.read()


def file_of(model, path):
    data = read(model, path)
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry = {"rfilename": path, "size": len(data), "blobId": blob}
    if len(data) >= LARGE:
        entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return entry


def files_of(model):
    folder = os.path.join(ROOT, model)
    paths = [os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names]
    files = [file_of(model, path) for path in sorted(paths)]
    odd = {"up": "../up.json", "root": "/root.json", "back": "a\\..\\b.json"}.get(model.split("/")[1])
    if odd:
        files.append({"rfilename": odd, "size": 1, "blobId": "0" * 40})
    size = {"huge": 10**15, "vast": 2**62}.get(model.split("/")[1])
    if size:
        files[0]["lfs"] = {"sha256": "0" * 64, "size": size, "pointerSize": 130}
    return files


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self):
        line = {"host": self.server.role, "method": self.command, "path": self.path,
                "token": self.headers.get("Authorization"), "range": self.headers.get("Range")}
        with guard, open(LOG, "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def answer(self, code, data=b"", headers=()):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def refuse(self, code, error=""):
        self.answer(code, b'{"error": "refused"}', [("X-Error-Code", error)] if error else [])

    def reply(self, document):
        self.answer(200, json.dumps(document).encode(), [("Content-Type", "application/json")])

    def do_CONNECT(self):
        self.note()
        self.answer(407)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.note()
        url = urllib.parse.urlsplit(self.path)
        parts = urllib.parse.unquote(url.path).strip("/").split("/")
        query = urllib.parse.parse_qs(url.query)
        if self.server.role == "cdn":
            self.send_large("/".join(parts[:2]), "/".join(parts[2:]))
        elif parts == ["api", "models"] and query.get("author") == ["tired"]:
            self.answer(503, b"", [("Retry-After", "0")])
        elif parts == ["api", "models"]:
            self.reply(self.search(query))
        elif parts[:2] == ["api", "models"]:
            self.describe("/".join(parts[2:4]), urllib.parse.unquote(url.path).split("/", 5)[5:])
        elif len(parts) > 4 and parts[2] == "resolve":
            self.resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        else:
            self.refuse(404)

    def search(self, query):
        models = [f"{owner}/{name}" for owner in os.listdir(ROOT) for name in os.listdir(os.path.join(ROOT, owner))]
        author, word = query.get("author", [None])[0], query.get("search", [""])[0]
        return [{"id": m} for m in sorted(models) if (m.split("/")[0] == author if author else word in m)]

    def is_allowed(self, model):
        """Answers 401, 403 or 404 where it is not."""
        name, token = model.split("/")[1], self.headers.get("Authorization")
        if name == "gated" and token != "Bearer good" and "/resolve/" in self.path:
            self.refuse(403 if token else 401, "GatedRepo")
        elif name == "private" and token != "Bearer good":
            self.refuse(401, "" if token else "RepoNotFound")
        elif not os.path.isdir(os.path.join(ROOT, model)):
            self.refuse(404 if token else 401, "RepoNotFound")
        elif name == "down":
            self.answer(503, b"", [("Retry-After", "0")])
        elif name == "busy" and times(self.path) < 2:
            if times(self.path + "!"):
                self.answer(429, b"", [("RateLimit", '"api";r=0;t=2')])
            else:
                self.answer(500, b"", [("Retry-After", "0")])
        else:
            return True
        return False

    def describe(self, model, rest):
        what = rest[0] if rest else ""
        if not self.is_allowed(model):
            return
        if what == "refs":
            self.reply({"branches": [{"name": "main"}], "tags": [{"name": "v1"}], "converts": []})
            return
        kind, _, revision = what.partition("/")
        revision = revision or "main"
        commit = COMMIT.get(revision, revision if revision in COMMIT.values() else None)
        if not commit:
            self.refuse(404, "RevisionNotFound")
        elif kind == "tree":
            self.reply([{"type": "file", "path": f["rfilename"], "size": f["size"], "oid": f["blobId"],
                         **({"lfs": {"oid": f["lfs"]["sha256"], "size": f["size"], "pointerSize": 130}}
                            if "lfs" in f else {})} for f in files_of(model)])
        else:
            self.reply({"id": model, "sha": commit, "gated": False, "siblings": files_of(model)})

    def resolve(self, model, revision, path):
        if not self.is_allowed(model):
            return
        if not os.path.isfile(os.path.join(ROOT, model, path)):
            self.refuse(404, "EntryNotFound")
            return
        entry = file_of(model, path)
        headers = [("X-Repo-Commit", COMMIT.get(revision, revision))]
        if "lfs" not in entry:
            etag = entry["blobId"][::-1] if model.endswith("/mirror") else entry["blobId"]
            self.answer(200, read(model, path), headers + [("ETag", f'"{etag}"')])
            return
        digest = entry["lfs"]["sha256"]
        if model.endswith("/other"):
            digest = digest[::-1]
        headers += [("X-Linked-Etag", f'"{digest}"'), ("X-Linked-Size", str(entry["size"])),
                    ("Location", f"http://127.0.0.2:{ports['cdn']}/{model}/{urllib.parse.quote(path)}?signed=secret")]
        self.answer(302, b"", headers)

    def send_large(self, model, path):
        data, name = read(model, path), model.split("/")[1]
        start, total = 0, len(data)
        if name == "busy" and times("large" + path) < 1:
            self.answer(503, b"", [("Retry-After", "0")])
            return
        if name == "shut":
            self.answer(403)
            return
        if name == "wrong":
            data = bytes(total)
        if name == "long":
            data += b"x"
        if self.headers.get("Range") and name not in ("whole", "slow-whole"):
            start = int(self.headers["Range"].split("=")[1].split("-")[0])
        if start and (name == "never" or name == "past" and not times("past")):
            self.answer(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("ETag", '"of-another-kind"')
        if name != "early":
            self.send_header("Content-Length", str(len(data) - start))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.send_body(name, data[start:], total)

    def send_body(self, name, data, total):
        if name == "cut":
            data = data[: max(1, total // 10)]
        elif name == "whole" and not times("whole"):
            data = data[: total // 2]
        elif name == "early" and not times("early") or name == "never":
            data = data[: total // 2]
        elif name == "stall" and not times("stall"):
            self.wfile.write(data[: total // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.recv(1)  # until who asks has enough of it
            return
        if name.startswith("slow"):
            for at in range(0, len(data), max(1, total // 40)):
                self.wfile.write(data[at : at + max(1, total // 40)])
                self.wfile.flush()
                time.sleep(0.05)
        else:
            self.wfile.write(data)
        self.close_connection = name in ("cut", "whole", "early", "never")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, role, address):
        super().__init__((address, 0), Handler)
        self.role = role
        ports[role] = self.server_address[1]

    def handle_error(self, request, client_address):
        pass  # who asks may go away


hub, cdn = Server("hub", "127.0.0.1"), Server("cdn", "127.0.0.2")
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    hub.socket = context.wrap_socket(hub.socket, server_side=True)
threading.Thread(target=cdn.serve_forever, daemon=True).start()
print(ports["hub"], ports["cdn"], flush=True)
hub.serve_forever()
