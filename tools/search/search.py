#!/usr/bin/env python3
"""Which settings of the sampler draw the best pictures in the least time?

Draws the same pictures (classes, seeds) with every line of a list of settings, judges them with `pixnerd eval` and
compares them pixel by pixel with those of the first line, which is meant to be far more careful than the others. Time
is that of the processor, on one thread, loading included, so that settings may be tried side by side.

  tools/search/search.py --checkpoint assets/emoji64.safetensors --reference data/emoji --include "food-drink-*" \\
      --folder search [--plot search.png]

Pictures and figures stay in the folder, under names that depend on all that they were made with but the program itself:
a search that is stopped goes on, and one with other settings, weights or references does not mix with it. Prints the
table as Markdown (and writes it to table.md) and, with --plot, draws it with gnuplot, which must be installed.
"""
import argparse
import array
import ast
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import shutil
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


class Search:
    def __init__(self, options):
        self.options = options
        self.weights = hashlib.sha256(options.checkpoint.read_bytes()).hexdigest()
        options.folder.mkdir(parents=True, exist_ok=True)

    def path(self, ending, *made_with):
        return self.options.folder / (hashlib.sha256(json.dumps(made_with).encode()).hexdigest()[:16] + ending)

    def figures(self, path, make):
        """What make() returns; from the file, where it was made before."""
        if not path.exists():
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(make()))
            partial.rename(path)
        return json.loads(path.read_text())

    def draw(self, flags):
        """An .npz of the pictures, and the seconds that they took."""
        options = self.options
        npz = self.path(".npz", self.weights, options.draw, flags)
        command = [options.program, "sample", "--checkpoint", str(options.checkpoint), "--out", str(npz), "--threads",
                   "1", "--overwrite", *shlex.split(options.draw), *flags]
        return npz, self.figures(npz.with_suffix(".time"), lambda: run(command)[1])

    def judge(self, npz):
        """Looks at the reference once, then at what was kept of it."""
        options = self.options
        includes = [word for pattern in options.include for word in ("--include", pattern)]
        crop = ["--crop", str(options.crop)] if options.crop else []
        kept = self.path(".safetensors", options.reference, options.include, crop)
        reference = ([str(kept)] if kept.exists()
                     else [options.reference, *includes, *crop, "--save-statistics", str(kept)])
        command = [options.program, "eval", "--images", str(npz), "--reference", *reference, "--efficientnet-lite",
                   options.efficientnet_lite, "--metrics", "fd,kd", "--kid-subset-size", "232", "--threads", "1",
                   "--json"]
        return self.figures(self.path(".figures", npz.name, options.reference, options.include, crop),
                            lambda: json.loads(run(command)[0]))

    def result(self, name, flags):
        npz, seconds = self.draw(flags)
        judged = self.judge(npz)
        return {"name": name, "flags": shlex.join(flags), "npz": npz, "pictures": pixels(npz)[0][0],
                "seconds": seconds, "fd": judged["fd"], "kd": judged["kd"]}

    def results(self):
        """Of all settings, in their order; each with its distance from the first one's pictures."""
        lines = list(settings(self.options.settings))
        found = []
        self.result(*lines[0])  # before the others, who need what is kept of the reference
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as jobs:
            for job in [jobs.submit(self.result, name, flags) for name, flags in lines]:
                found.append(job.result())
                print(f"{len(found)} of {len(lines)}: {found[-1]['name']}", file=sys.stderr, flush=True)
        careful = pixels(found[0]["npz"])
        for each in found:
            apart = each["npz"].with_suffix(f".from-{found[0]['npz'].stem}")
            each["distance"] = self.figures(apart, lambda npz=each["npz"]: distance(pixels(npz), careful))
        return found


def milliseconds(result):
    return 1000 * result["seconds"] / result["pictures"]


def table(results):
    yield "| settings | flags | ms a picture | FD | KD | distance |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for each in sorted(results, key=milliseconds):
        fd, kd = each["fd"], each["kd"]
        yield (f"| {each['name']} | `{each['flags']}` | {milliseconds(each):.0f} | "
               f"{fd['value']:.1f} +- {fd['half_width']:.1f} | {kd['value']:.4f} +- {kd['half_width']:.4f} | "
               f"{each['distance']:.3f} |")


def series(results):
    """Settings that differ in their steps alone, as {solver: [(steps, result), ...]}; last what else was tried."""
    found, others = {}, []
    for result in results:
        solver, _, steps = result["name"].rpartition(" ")
        if steps.isdigit() and " " not in solver:
            found.setdefault(solver, []).append((steps, result))
        else:
            others.append((result["name"], result))
    return found | {"others": others}


def plot(results, picture):
    """One block of rows a series: milliseconds a picture, distance, KD, its half width, label."""
    blocks = series(results)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as rows:
        for each in blocks.values():
            for label, result in sorted(each, key=lambda row: milliseconds(row[1])):
                rows.write(f"{milliseconds(result)} {result['distance']} {result['kd']['value']} "
                           f"{result['kd']['half_width']} \"{label}\"\n")
            rows.write("\n\n")
        rows.flush()
        subprocess.run(["gnuplot", "-e", f"out='{picture}'; rows='{rows.name}'; names='{' '.join(blocks)}'",
                        str(HERE / "plot.gp")], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=pathlib.Path, required=True)
    parser.add_argument("--reference", required=True, help="as of `pixnerd eval`")
    parser.add_argument("--include", action="append", default=[], metavar="PATTERN", help="likewise")
    parser.add_argument("--crop", type=int, metavar="SIZE", help="likewise: the size that is drawn")
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="for pictures and figures")
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--settings", type=pathlib.Path, default=HERE / "settings.txt")
    parser.add_argument("--draw", default="--classes " + ",".join(map(str, range(0, 462, 4))) + " --count 4 --batch 32",
                        help="flags of `pixnerd sample` for all of them")
    parser.add_argument("--jobs", type=int, default=2, help="settings that are tried side by side")
    parser.add_argument("--efficientnet-lite", default=str(ROOT / ".cache/features/efficientnet-lite0.pth"))
    parser.add_argument("--program", default=str(ROOT / "build/pixnerd"))
    options = parser.parse_args()
    # Before the work, which takes hours.
    if options.plot and not shutil.which("gnuplot"):
        sys.exit("search.py: --plot needs gnuplot, which is not installed (Debian: gnuplot-nox)")
    for file in (options.program, options.efficientnet_lite):
        if not pathlib.Path(file).exists():
            sys.exit(f"search.py: there is no '{file}'; `make build features` makes both")
    results = Search(options).results()
    lines = "\n".join(table(results))
    (options.folder / "table.md").write_text(lines + "\n")
    print(lines)
    if options.plot:
        plot(results, options.plot)


if __name__ == "__main__":
    main()
