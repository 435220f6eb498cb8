"""A stand-in for a hub's HTTP interface, as huggingface_hub speaks it, on this machine alone."""

from __future__ import annotations

import base64
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_" + "x" * 20
LARGE = (".safetensors",)


class Hub:
    """What the hub holds, and how it misbehaves.

    `repos`: by name, whether it is private and its commits; a commit is a mapping of paths to
    contents. `objects`: large files by hash. `fails`: a pattern of "METHOD path" to a status, or to
    ``"cut"``, which closes the connection in the middle of the request. `once`: each only once.
    """

    def __init__(self):
        self.repos, self.objects, self.requests, self.fails = {}, {}, [], {}
        self.once = False
        self.url = ""

    def files(self, repo):
        """Return what the last commit of a repository holds."""
        commits = self.repos[repo]["commits"]
        return commits[-1] if commits else {}

    def seen(self, pattern):
        """Return the requests, as "METHOD path", in which a pattern is found."""
        return [request for request in self.requests if re.search(pattern, request)]

    def make(self, repo, *, private=False):
        self.repos[repo] = {"private": private, "commits": []}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *args):
        """Keep the tests' output clean."""

    def _answer(self, status, value=None):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _handle(self):
        path = self.path.partition("?")[0]
        request = f"{self.command} {path}"
        self.hub.requests.append(request)
        for pattern, failure in list(self.hub.fails.items()):
            if re.search(pattern, request):
                if self.hub.once:
                    del self.hub.fails[pattern]
                if failure == "cut":
                    self.rfile.read(10)
                    self.close_connection = True
                    self.connection.close()
                    return None
                self._body()
                return self._answer(failure, {"error": "as the test wants it"})
        body = self._body()
        signed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if path.startswith("/api/") and not signed:
            return self._answer(401, {"error": "Invalid credentials"})
        for pattern, name in _ROUTES:
            if match := re.fullmatch(pattern, request):
                return self._answer(*getattr(self, name)(body, *match.groups()))
        return self._answer(404, {"error": f"no such thing: {request}"})

    do_GET = do_HEAD = do_POST = do_PUT = _handle  # noqa: N815

    def root(self, body):
        return 200, None

    def create(self, body):
        wanted = json.loads(body)
        name = f"{wanted['organization'] or 'me'}/{wanted['name']}"
        said = {"url": f"{self.hub.url}/{name}", "name": name}
        if name in self.hub.repos:
            return 409, {**said, "error": "You already created this model repo"}
        self.hub.make(name, private=wanted.get("visibility") == "private")
        return 200, said

    def info(self, body, repo):
        if repo not in self.hub.repos:
            return 404, {"error": "Repository not found"}
        known = self.hub.repos[repo]
        sha = f"{len(known['commits']):040x}"
        return 200, {"id": repo, "private": known["private"], "sha": sha, "siblings": []}

    def validate(self, body):
        assert json.loads(body)["content"].startswith("---\n")
        return 200, {"errors": [], "warnings": []}

    def preupload(self, body, repo):
        files = json.loads(body)["files"]
        return 200, {
            "files": [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                    "shouldIgnore": False,
                }
                for file in files
            ]
        }

    def batch(self, body, repo):
        objects = []
        for wanted in json.loads(body)["objects"]:
            oid = wanted["oid"]
            href = f"{self.hub.url}/storage/{oid}"
            there = oid in self.hub.objects
            objects.append(wanted if there else {**wanted, "actions": {"upload": {"href": href}}})
        return 200, {"transfer": "basic", "objects": objects}

    def store(self, body, oid):
        self.hub.objects[oid] = body
        return 200, None

    def commit(self, body, repo):
        files = dict(self.hub.files(repo))
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
        commits = self.hub.repos[repo]["commits"]
        commits.append(files)
        oid = f"{len(commits):040x}"
        url = f"{self.hub.url}/{repo}/commit/{oid}"
        return 200, {"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""}


_REPO = r"([\w.-]+/[\w.-]+)"
_ROUTES = [
    (r"HEAD /?", "root"),
    (r"POST /api/repos/create", "create"),
    (r"POST /api/validate-yaml", "validate"),
    (rf"GET /api/models/{_REPO}", "info"),
    (rf"POST /api/models/{_REPO}/preupload/main", "preupload"),
    (rf"POST /api/models/{_REPO}/commit/main", "commit"),
    (rf"POST /{_REPO}\.git/info/lfs/objects/batch", "batch"),
    (r"PUT /storage/(\w+)", "store"),
]


@contextmanager
def running_hub():
    """Give a hub that answers on 127.0.0.1 until the block ends."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
