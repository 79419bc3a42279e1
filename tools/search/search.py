#!/usr/bin/env python3
"""Which settings of the sampler draw the best pictures in the least time?

Draws the same pictures (classes, seeds) with every line of a list of settings, judges them with `pixnerd eval` and
compares them pixel by pixel with those of the first line, which is meant to be far more careful than the others. One
JSON line for each is added to --out; settings that stand there already are passed over, so that a search may be stopped
and gone on with. --table prints what is there as Markdown, --plot draws it with gnuplot.

  tools/search/search.py --checkpoint assets/emoji64.safetensors --reference FOLDER --out search.jsonl
  tools/search/search.py --out search.jsonl --table
  tools/search/search.py --out search.jsonl --plot search.png
"""
import argparse
import array
import ast
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def settings(path):
    """(name, flags) of each line `name: flags`; # begins a comment."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, colon, flags = line.partition(":")
        if not colon:
            sys.exit(f"{path}:{number}: is not of the form 'name: flags'")
        yield name.strip(), shlex.split(flags)


def pixels(npz):
    """The bytes of arr_0, behind the header of its .npy."""
    with zipfile.ZipFile(npz) as file:
        content = file.read("arr_0.npy")
    length = int.from_bytes(content[8:10], "little")
    shape = ast.literal_eval(content[10:10 + length].decode())["shape"]
    return shape, array.array("B", content[10 + length:])


def distance(one, other):
    """Root mean square of the differences, with pixels from -1 to 1 as the network has them."""
    (shape, a), (same, b) = one, other
    assert shape == same
    return (sum((x - y) ** 2 for x, y in zip(a, b)) / len(a)) ** 0.5 / 127.5


def run(arguments):
    """What the program prints, and the seconds of processor time that it took: others may be at work beside it."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as messages:
        child = subprocess.Popen(arguments, stdout=out, stderr=messages)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), messages.seek(0)
        if child.returncode != 0:
            sys.exit(f"{shlex.join(arguments)}\n{messages.read()}")
        return out.read(), used.ru_utime + used.ru_stime


def read_results(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def judge(options, name, flags, npz):
    judged, _ = run([options.program, "eval", "--images", str(npz), "--reference", options.reference,
                     "--efficientnet-lite", options.efficientnet_lite, "--metrics", "fid,kid", "--kid-subset-size", "232",
                     "--threads", str(options.threads), "--json"])
    judged = json.loads(judged)
    return {"name": name, "flags": shlex.join(flags), "fd": judged["fid"], "kd": judged["kid"]}


def search(options):
    base = options.out.with_suffix(".base.npz")

    def one(name, flags, npz):
        _, seconds = run([options.program, "sample", "--checkpoint", options.checkpoint, "--out", str(npz),
                          "--threads", str(options.threads), *shlex.split(options.draw), *flags])
        result = judge(options, name, flags, npz)
        shape, values = pixels(npz)
        result |= {"pictures": shape[0], "seconds": round(seconds, 2),
                   "distance": round(distance((shape, values), pixels(base)), 5)}
        with options.out.open("a") as out:
            out.write(json.dumps(result) + "\n")
        print(row(result), flush=True)

    known = {result["name"] for result in read_results(options.out)}
    (first, first_flags), *others = settings(options.settings)
    if first not in known:
        base.unlink(missing_ok=True)
        one(first, first_flags, base)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as jobs:
        left = [(name, flags) for name, flags in others if name not in known]
        for done in [jobs.submit(one, name, flags, pathlib.Path(folder, f"{number}.npz"))
                     for number, (name, flags) in enumerate(left)]:
            done.result()


def row(result):
    fd, kd = result["fd"], result["kd"]
    return (f"| {result['name']} | `{result['flags']}` | {1000 * result['seconds'] / result['pictures']:.0f} | "
            f"{fd['value']:.1f} +- {fd['half_width']:.1f} | "
            f"{kd['value']:.4f} +- {kd['half_width']:.4f} | {result['distance']:.3f} |")


def print_table(options):
    results = read_results(options.out)
    print("| settings | flags | ms a picture | FD | KD | distance |")
    print("| --- | --- | --- | --- | --- | --- |")
    for result in sorted(results, key=lambda each: each["seconds"]):
        print(row(result))


def series(results):
    """Settings that differ in their steps alone, as {solver: [(steps, result), ...]}; what else was tried under ""."""
    found = {}
    for result in results:
        solver, _, steps = result["name"].rpartition(" ")
        plain = steps.isdigit() and " " not in solver
        found.setdefault(solver if plain else "", []).append((steps if plain else result["name"], result))
    others = found.pop("", [])
    return found | {"": others}


def plot(options):
    """One block of rows a series: milliseconds a picture, distance, KD, its half width, label."""
    blocks = series(read_results(options.out)[1:])
    text = "\n\n".join("".join(
        f"{1000 * each['seconds'] / each['pictures']} {each['distance']} {each['kd']['value']} "
        f"{each['kd']['half_width']} \"{label}\"\n" for label, each in rows) for rows in blocks.values())
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as rows:
        rows.write(text)
        rows.flush()
        names = " ".join(name or "others" for name in blocks)
        subprocess.run(["gnuplot", "-e", f"out='{options.plot}'; rows='{rows.name}'; names='{names}'",
                        str(HERE / "plot.gp")], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="results, a JSON line each")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--checkpoint")
    parser.add_argument("--reference", help="as of `pixnerd eval`")
    parser.add_argument("--settings", type=pathlib.Path, default=HERE / "settings.txt")
    parser.add_argument("--draw", default="--classes " + ",".join(map(str, range(0, 462, 4))) + " --count 4 --batch 32",
                        help="flags of `pixnerd sample` for all of them")
    parser.add_argument("--jobs", type=int, default=2, help="settings that are tried side by side")
    parser.add_argument("--threads", type=int, default=1, help="of each of them")
    parser.add_argument("--efficientnet-lite", default=str(ROOT / ".cache/features/efficientnet-lite0.pth"))
    parser.add_argument("--program", default=str(ROOT / "build/pixnerd"))
    options = parser.parse_args()
    if options.table:
        print_table(options)
    elif options.plot:
        plot(options)
    elif options.checkpoint and options.reference:
        search(options)
    else:
        parser.error("--checkpoint and --reference are needed, or --table, or --plot")


if __name__ == "__main__":
    main()
