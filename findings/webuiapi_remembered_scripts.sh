#!/usr/bin/env bash
# webuiapi goes on sending the ControlNet image of an earlier call with every later one.
#
# Version:   webuiapi 0.9.17 with requests 2.34.2 and Pillow 13.0.0.
# One would guess: what a call of txt2img() sends are its own arguments. Another call without controlnet_units sends
#            none, a call of another object of the class likewise.
# Seen:      the argument alwayson_scripts has one dictionary for its default, into which the call writes ControlNet,
#            ADetailer, Roop and the like. So the units of one call, with their pictures, are in all later requests of
#            the process to txt2img that do not name that argument, from every object, to whatever server; img2img has
#            a dictionary of its own with the same habit. A dictionary that a caller passes is written to, too. Only
#            where the server lists its extension under /scripts an empty list takes their place.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

python3 -m venv "$scratch/venv" &&
  "$scratch/venv/bin/pip" install -q webuiapi==0.9.17 requests==2.34.2 pillow==13.0.0 ||
  cannot_tell "webuiapi did not install"
seen=$("$scratch/venv/bin/python" - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import webuiapi
from PIL import Image

sent = []


class WebUI(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"txt2img": [], "img2img": []})

    def do_POST(self):
        sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer({"images": [], "parameters": {}, "info": "{}"})

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), WebUI)
threading.Thread(target=server.serve_forever, daemon=True).start()
unit = webuiapi.ControlNetUnit(image=Image.new("RGB", (2, 2)))
first, other = (webuiapi.WebUIApi(port=server.server_port) for _ in range(2))
first.txt2img(prompt="before")
first.txt2img(prompt="with a unit", controlnet_units=[unit])
first.txt2img(prompt="without")
other.txt2img(prompt="another object")
first.img2img(prompt="img2img", images=[Image.new("RGB", (2, 2))])
for request in sent:
    units = request["alwayson_scripts"].get("ControlNet", {"args": []})["args"]
    print(f"{request['prompt']}: {len(units)} units, {sum(bool(each['image']) for each in units)} images")
PY
) || cannot_tell "webuiapi did not run"
echo "$seen"
[ "$seen" = "before: 0 units, 0 images
with a unit: 1 units, 1 images
without: 1 units, 1 images
another object: 1 units, 1 images
img2img: 0 units, 0 images" ] || exit 1
echo "as stated"
