"""Ids are those of Hugging Face's `tokenizers`, over all kinds of files that are supported and over all of Unicode.
Usage: tokenizers_test.py ENCODE_PROGRAM (built of encode_program.cpp).
"""

import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unicodedata
import unittest

from tokenizers import Tokenizer

PUBLISHED = pathlib.Path(__file__).resolve().parents[2] / ".cache/tokenizer/qwen3.json"
QWEN_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHARACTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
# For flags that ask whether a character belongs to a word, which the two libraries answer by their Unicode's version.
OLD_CHARACTERS = [each for each in CHARACTERS if unicodedata.ucd_3_2_0.category(each) != "Cn"]
POOLS = [
    [chr(code) for code in range(32, 127)],
    list("abcde  '\n"),
    list("\t\n\r   \x85\xa0\u180e\u2003\u2028\u3000"),
    list("'sStTrReEvVmMlLdD\u017f "),
    [chr(code) for code in (*range(0x300, 0x350), 0x61, 0x65, 0x1EA5, 0xE9)],
    [chr(code) for code in (*range(0x1100, 0x1200), *range(0xAC00, 0xAC80))],
    [chr(code) for code in (*range(0x900, 0x970), *range(0x620, 0x6F0))],
    [chr(code) for code in (*range(0x1F300, 0x1F600), 0x200D, 0xFE0F)],
    [chr(code) for code in range(0x4E00, 0x5000)],
    OLD_CHARACTERS,
]
program = ""


def alphabet():
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {byte: chr(256 + i) for i, byte in enumerate(hidden)}


def random_text(generator, extra):
    parts = []
    for _ in range(generator.randint(0, 8)):
        pool = generator.choice(POOLS)
        parts.append("".join(generator.choice(pool) for _ in range(generator.randint(1, 12))))
        if generator.random() < 0.3:
            parts.append(generator.choice(extra))
    return "".join(parts)


def random_file(generator):
    """A tokenizer.json of a random kind."""
    letters = alphabet()
    vocabulary = {letters[byte]: byte for byte in range(256)}
    merges = []
    for _ in range(generator.randint(0, 200)):
        tokens = list(vocabulary)
        common = tokens[97:102] + [letters[32], letters[10], "e", "'", "s"] + tokens[256:]
        left, right = generator.choice(common), generator.choice(common)
        if left + right not in vocabulary:
            vocabulary[left + right] = len(vocabulary)
            merges.append((left, right))
    generator.shuffle(merges)
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    contents = generator.sample(["<a>", "<a><b>", "ab", "e\u0301", " x", "b", "<|end|>", "\u4e2d"], generator.randint(0, 6))
    added = []
    for content in contents:
        known = vocabulary.get(content)
        number = known if known is not None else len(vocabulary) + sum(token["id"] >= len(vocabulary) for token in added)
        added.append({"id": number, "content": content} | {flag: generator.random() < 0.4 for flag in flags})
    steps = []
    for _ in range(generator.randint(0, 2)):
        pattern = generator.choice(
            [{"Regex": QWEN_WORDS}, {"Regex": LLAMA_WORDS}, {"Regex": r"\s+"}, {"Regex": "x*"}, {"String": " "}, {"String": "a"}]
        )
        behavior = generator.choice(["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"])
        steps.append({"type": "Split", "pattern": pattern, "behavior": behavior, "invert": generator.random() < 0.2})
    steps.append(
        {
            "type": "ByteLevel",
            "add_prefix_space": generator.random() < 0.5,
            "trim_offsets": True,
            "use_regex": generator.random() < 0.5,
        }
    )
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": sorted(added, key=lambda token: token["id"]),
        "normalizer": generator.choice([None, {"type": "NFC"}]),
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "decoder": None,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": generator.random() < 0.3,
            "vocab": vocabulary,
            "merges": [f"{left} {right}" for left, right in merges] if generator.random() < 0.5 else merges,
        },
    }


class TokenizersTest(unittest.TestCase):
    def assert_same_ids(self, path, texts, as_bytes=lambda text: text.encode("utf-8")):
        records = [as_bytes(text) for text in texts]
        stdin = b"".join(struct.pack("<I", len(record)) + record for record in records)
        done = subprocess.run([program, path], input=stdin, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(len(lines), len(texts))
        expected = Tokenizer.from_file(str(path))
        for text, line in zip(texts, lines):
            ids = expected.encode(text).ids
            if line != str(ids):
                kind = {name: part for name, part in json.loads(path.read_text()).items() if name != "model"}
                self.fail(f"{json.dumps(kind)}\n{text!a}: {line}, tokenizers: {ids}")

    def test_files_of_all_kinds(self):
        generator = random.Random(1)
        for _ in range(80):
            content = random_file(generator)
            extra = [token["content"] for token in content["added_tokens"]] + [" ", "ab"]
            texts = [random_text(generator, extra) for _ in range(60)]
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "tokenizer.json"
                path.write_text(json.dumps(content), encoding="utf-8")
                self.assert_same_ids(path, texts)

    @unittest.skipUnless(PUBLISHED.is_file(), "tools/tokenizer.sh fetches the published tokenizer")
    def test_the_published_file_over_unicode(self):
        generator = random.Random(2)
        texts = [random_text(generator, ["<|endoftext|>", "</think>"]) for _ in range(5000)]
        texts += [f"a{each}b 1{each}{each} {each}\n'{each}" for each in CHARACTERS[:0x3000:2]]
        texts += [f"e{each}\u0327\u0345\u0334 {each}" for each in CHARACTERS[0x3000::23]]
        self.assert_same_ids(PUBLISHED, texts)

    def test_bytes_that_are_no_text(self):
        generator = random.Random(3)
        pieces = [bytes([byte]) for byte in range(0x78, 0x100)] + ["\u00e9\u4e2d\U0001f600".encode()[i:] for i in range(9)]
        broken = [b"".join(generator.choice(pieces) for _ in range(12)) for _ in range(2000)]
        originals = {raw.decode("utf-8", errors="replace"): raw for raw in broken}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "tokenizer.json"
            path.write_text(json.dumps(random_file(generator)), encoding="utf-8")
            self.assert_same_ids(path, list(originals), as_bytes=originals.get)


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
