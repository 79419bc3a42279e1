#!/usr/bin/env bash
# TensorBoard never reads on in an event file that another file was renamed over, though its Python reader would.
#
# Version:   TensorBoard 2.21.0 with tensorboard-data-server 0.7.2, which is what the command uses where it can.
# One would guess: to write a new file and rename it over the old one is the safe way to change a file that others read;
#            at its next reload TensorBoard finds the longer file under the same name.
# Seen:      the data server keeps the file open that it has seen first. Once another has taken its name, neither what
#            that one brought nor what is appended to it later is shown, reload after reload, without an error; curves
#            stand still until TensorBoard is started anew, while a run beside it goes on. The EventAccumulator of its
#            Python code, which `--load_fast=false` uses, shows everything. So a training run that is resumed must
#            append to its event file or begin one with a new name.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

python3 -m venv "$scratch/venv" &&
  "$scratch/venv/bin/pip" install -q tensorboard==2.21.0 tensorboard-data-server==0.7.2 protobuf==7.36.2 numpy==2.4.6 ||
  cannot_tell "TensorBoard did not install"

cat > "$scratch/watch.py" <<'PY'
import io
import os
import sys
import time

from tensorboard import context
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2
from tensorboard.data import server_ingester
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import grpc_util

logs = sys.argv[1]
RELOAD_S = 1
NAME = "events.out.tfevents.1.host"


def events(last_step):
    file = io.BytesIO()
    writer = RecordWriter(file)
    writer.write(event_pb2.Event(wall_time=1, file_version="brain.Event:2").SerializeToString())
    for step in range(1, last_step + 1):
        event = event_pb2.Event(wall_time=1 + step, step=step)
        event.summary.value.add(tag="loss", simple_value=step)
        writer.write(event.SerializeToString())
    return file.getvalue()


def append(run, last_step):
    path = os.path.join(logs, run, NAME)
    with open(path, "ab") as file:
        file.write(events(last_step)[os.path.getsize(path) :])


def replace(run, last_step):
    new = os.path.join(logs, "new")
    with open(new, "wb") as file:
        file.write(events(last_step))
    os.replace(new, os.path.join(logs, run, NAME))


def served(run):
    read = server.data_provider.read_scalars(
        context.RequestContext(), experiment_id="", plugin_name="scalars", downsample=100
    )
    return [point.step for point in read.get(run, {}).get("loss", [])]


def wait_for(run, last_step):
    end = time.monotonic() + 30
    while served(run) != list(range(1, last_step + 1)):
        if time.monotonic() > end:
            raise SystemExit(77)  # nothing is learned from a server that does not serve
        time.sleep(0.1)


def show(when):
    accumulator.Reload()
    print(f"{when}: served {served('run')}, EventAccumulator {[event.step for event in accumulator.Scalars('loss')]}")


try:
    binary = server_ingester.get_server_binary()
except server_ingester.NoDataServerError:
    raise SystemExit(77)
for name in ("run", "beside"):
    os.makedirs(os.path.join(logs, name))
    with open(os.path.join(logs, name, NAME), "wb") as start:
        start.write(events(1))
server = server_ingester.SubprocessServerDataIngester(
    binary, logdir=logs, reload_interval=RELOAD_S, channel_creds_type=grpc_util.ChannelCredsType.LOCAL
)
server.start()
accumulator = EventAccumulator(os.path.join(logs, "run"))
wait_for("run", 1)
append("run", 2)
wait_for("run", 2)
show("appended")
replace("run", 3)
# Each step of the run beside it that shows up is a reload that came after the change.
for step in (2, 3):
    append("beside", step)
    wait_for("beside", step)
show("replaced")
append("run", 4)
for step in (4, 5):
    append("beside", step)
    wait_for("beside", step)
show("appended again")
PY
seen=$("$scratch/venv/bin/python" "$scratch/watch.py" "$scratch/logs" 2> "$scratch/errors") || {
  tail -n 3 "$scratch/errors"
  cannot_tell "TensorBoard's data server did not run"
}
echo "$seen"
[ "$seen" = "appended: served [1, 2], EventAccumulator [1, 2]
replaced: served [1, 2], EventAccumulator [1, 2, 3]
appended again: served [1, 2], EventAccumulator [1, 2, 3, 4]" ] || exit 1
echo "as stated"
