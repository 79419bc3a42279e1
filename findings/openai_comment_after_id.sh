#!/usr/bin/env bash
# OpenAI's Python client takes a comment line in a stream for an event without data, once an event had an id.
#
# Version:   openai 3.57.0.
# One would guess: a line that begins with a colon is a comment, which servers send to keep a quiet stream open, and a
#            blank line after it dispatches nothing, as the data buffer is empty (HTML standard, server-sent events).
#            An id on the events before changes nothing about that.
# Seen:      without ids such comments are passed over. After the first event with an id every comment that a blank
#            line follows becomes an event of no data, which the client parses as JSON: json.JSONDecodeError out of the
#            iteration, no error of the package, and the stream is closed. So a server whose streams may be quiet for
#            long must send no ids to this client, or no comments.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

python3 -m venv "$scratch/venv" && "$scratch/venv/bin/pip" install -q openai==3.57.0 ||
  cannot_tell "openai did not install"
seen=$("$scratch/venv/bin/python" - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import openai


def event(name, with_id, number):
    data = {"type": f"image_generation.{name}", "b64_json": "", "partial_image_index": number}
    return (f"id: {number}\n" if with_id else "") + f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"


class Streams(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        with_id = json.loads(self.rfile.read(length))["model"] == "with-ids"
        body = ": before\n\n" + event("partial_image", with_id, 0) + ": quiet\n\n" + event("completed", with_id, 1)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Streams)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", max_retries=0)
for model in ("without-ids", "with-ids"):
    types = []
    try:
        for each in client.images.generate(model=model, prompt="fox", stream=True):
            types.append(each.type.split(".")[1])
        end = "end"
    except Exception as error:
        end = f"{type(error).__module__}.{type(error).__name__}, of the package: {isinstance(error, openai.OpenAIError)}"
    print(f"{model}: {' '.join(types)}, {end}")
PY
) || cannot_tell "the client did not run"
echo "$seen"
[ "$seen" = "without-ids: partial_image completed, end
with-ids: partial_image, json.decoder.JSONDecodeError, of the package: False" ] || exit 1
echo "as stated"
