#!/usr/bin/env python3
"""Writes the first files of tests/fuzz/corpus: small, well-formed ones of every form that a reader knows.

    python3 tests/fuzz/make_corpus.py

Fuzzers find the ill-formed ones. Files that they have added since are left alone. The same files come out every time.
"""

import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
PICTURES = HERE.parent / "image/data"

JSON_TEXTS = [
    '{"label": 3, "class": "cat", "style": "drawing", "caption": "a cat"}',
    '{"caption": {"en": ["a cat", "my cat"], "de": "eine Katze", "fr": null}, "more": [1, -0, 2.5e-3, true]}',
    '{"label": null, "caption": ["\\u00e9t\\u00e9 \\ud83d\\ude00", ""], "other": {"a": [[], {}, [{}]]}}',
    '[1, -2, 3.25, 1e300, "text", "\\n\\t\\"\\\\", false, null]',
    '{"step": 100, "loss": 0.25, "loss_by_time": [0.5, null], "lr": 1e-4}',
]

INDEX_TEXTS = [
    '{"metadata": {"total_size": 24}, "weight_map": {"a.weight": "x-00001-of-00002.safetensors", "b": "y.safetensors"}}',
    '{"weight_map": {"a": "../x.safetensors"}, "more": [{"weight_map": null}]}',
]

YAML_TEXTS = [
    "name: run 1\nverbose: true\nsolver: heun\nsolvers: [euler, off]\nmodel: {hidden_size: 128, num_heads: 8}\n",
    "train:\n  learning_rate: 1e-3\n  betas: [0.9, 0.95]\n  clip: null\n  milestones:\n  - 1\n  - 2\n  switches: []\n"
    "  teacher:\n    hidden_size: 8\n    num_heads: 2\n",
    "extra:\n  - a: \"x\\n\\u00e9\"\n    b: 'it''s'\n  - |\n    two\n    lines\n  - >-\n    folded\n    text\n  - ~\n# end\n",
    "? name\n: \"1\"\nextra: {a: [1, {b: c}], \"d e\": .5}\n",
]


def main() -> None:
    for index, text in enumerate(JSON_TEXTS):
        write("json", f"{index}.json", text.encode())
        if text.startswith("{"):
            write("sample_text", f"{index}.json", text.encode())
    for index, text in enumerate(["c7", "ccat\n", "c grinning face ", "ta caption\n", "tzwei W\u00f6rter"]):
        write("sample_text", f"{index}.txt", text.encode())
    for index, text in enumerate(YAML_TEXTS):
        write("yaml", f"{index}.yaml", text.encode())
    for index, text in enumerate(INDEX_TEXTS):
        write("shard_index", f"{index}.json", text.encode())
    write_requests()
    write_tokenizers()
    write_safetensors()
    write_shards()
    write_metadata()
    write_crop_files()
    write_pickles()
    write_zips()
    write_npz()
    write_bombs()
    write_settings()
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
    write("weights_file", "lfs_pointer", pointer.encode())


def write_requests() -> None:
    """Requests with the size of their pieces, targets with cookies, forms with their content type, base 64."""
    host = b"Host: a\r\n"
    chunks = b"5;x=\"y\"\r\nhello\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n"
    requests = [
        b"GET /a%20b?x=1&y HTTP/1.1\r\n" + host + b"Cookie: a=b; c=\"d\"\r\nConnection: close\r\n\r\n",
        b"\r\nPOST / HTTP/1.1\r\n" + host + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabcGET",
        b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n" + chunks,
        b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ]
    for index, request in enumerate(requests):
        write("http_request", f"{index}.bin", bytes([1 + 6 * index]) + request)
    targets = ["/a%20b/%C3%A4?x=1&y=%26+z&flag\na\na=1; b=2", "/../%2e%2E//x?\ntoken\nx; token=\"a=b\" ;token=2", "//h/x"]
    for index, text in enumerate(targets):
        write("http_target", f"{index}.txt", text.encode())
    part = 'Content-Disposition: form-data; name="{}"\r\n{}\r\n{}\r\n'
    file = 'Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n'
    forms = [
        "b=X; boundary=X\n--X\r\n" + part.format("a", "", "x") + "--X--\r\n",
        'boundary="a b"\n--a b\r\n' + part.format('i[]\\"; filename="\\\\.png', file, "\0\n--a b\r") + "--a b \r\n"
        + part.format("b", "", "") + "--a b--",
        "boundary=X\n--X--",
    ]
    for index, form in enumerate(forms):
        write("multipart", f"{index}.bin", b"multipart/form-data; " + form.encode())
    for index, text in enumerate(["Zm9vYg==", " Zm9v\r\nYmE", ""]):
        write("base64", f"{index}.txt", text.encode())


def write_tokenizers() -> None:
    """Files, each with a zero byte and a text behind, and texts for the target's own tokenizer."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    letters = {byte: chr(byte) for byte in visible} | {byte: chr(256 + i) for i, byte in enumerate(hidden)}
    vocabulary = {letters[byte]: byte for byte in range(256)} | {"ab": 256, "abc": 257}
    words = "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    split = {"type": "Split", "pattern": {"Regex": words}, "behavior": "Isolated", "invert": False}
    removed = {"type": "Split", "pattern": {"String": "-"}, "behavior": "Removed", "invert": True}
    levels = {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True}
    token = {"id": 258, "content": "<a>", "single_word": True, "lstrip": True, "rstrip": True, "normalized": True}
    file = {
        "version": "1.0",
        "added_tokens": [token | {"special": True}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, levels | {"use_regex": False}]},
        "post_processor": {"type": "ByteLevel"},
        "model": {"type": "BPE", "dropout": None, "vocab": vocabulary, "merges": ["a b", ["ab", "c"]]},
    }
    text = "abc <a> ab's e\u0301 1-2\n".encode()
    write("tokenizer", "0.bin", json.dumps(file).encode() + b"\0" + text)
    file |= {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [removed, levels]}}
    write("tokenizer", "1.bin", json.dumps(file, ensure_ascii=False).encode() + b"\0" + text)
    for index, content in enumerate([text, b"a\xff\xe4\xb8 " + b"a" * 300, "\u1100\u1161\u0327\u07fd\u0334".encode()]):
        write("tokenizer", f"{index + 2}.bin", b"\0" + content)


def write(target: str, name: str, content: bytes) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def safetensors(header: dict, data_bytes: int) -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + bytes(range(256)) * (data_bytes // 256) + bytes(data_bytes % 256)


def write_safetensors() -> None:
    def entry(dtype: str, shape: list[int], begin: int, end: int) -> dict:
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    several = {
        "__metadata__": {"format": "pt", "name": "\u00e9"},
        "blocks.0.weight": entry("F32", [2, 3], 0, 24),
        "scalar": entry("I64", [], 24, 32),
        "empty": entry("BF16", [4, 0, 2], 32, 32),
        "mask": entry("BOOL", [3], 32, 35),
        "bytes": entry("U8", [1, 1, 5], 35, 40),
    }
    write("safetensors", "several", safetensors(several, 40))
    write("safetensors", "none", safetensors({}, 0))
    wide = {"a": entry("F64", [2], 0, 16), "b": entry("I64", [2], 16, 32), "c": entry("F16", [0], 32, 32)}
    write("safetensors", "wide", safetensors(wide, 32))
    packed = {"a": entry("C64", [1], 0, 8), "b": entry("U16", [2], 8, 12), "c": entry("F8_E8M0", [1], 12, 13),
              "d": entry("F6_E2M3", [2, 2], 13, 16), "e": entry("F4", [3, 2], 16, 19)}
    write("safetensors", "packed", safetensors(packed, 19))


def tar(members: list[tuple[str, bytes]], form: int, folder: bool = False, links: list = ()) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        if folder:
            entry = tarfile.TarInfo("a")
            entry.type = tarfile.DIRTYPE
            archive.addfile(entry)
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target, kind in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
        end = archive.offset
    # Two empty blocks end a tar file; tarfile would add more.
    return file.getvalue()[:end] + bytes(1024)


def write_shards() -> None:
    picture = (PICTURES / "grey1.png").read_bytes()
    samples = [
        ("a/000.png", picture),
        ("a/000.json", b'{"label": 0, "class": "cat", "style": "noto"}'),
        ("a/001.JPEG", picture),
        ("a/001.json", b'{"label": 1, "class": "dog", "caption": {"en": "a dog"}}'),
        ("a/002.webp", picture),
        ("a/002.cls", b"cat\n"),
        ("a/002.txt", b"another cat\n"),
    ]
    ustar = tar(samples, tarfile.USTAR_FORMAT, folder=True)
    write("shards", "ustar.tar", ustar)
    write("shards", "cut.tar", ustar[:2700])
    labels = [("0.png", picture), ("0.cls", b"9999999"), ("1.png", picture)]
    write("shards", "labels.tar", tar(labels, tarfile.USTAR_FORMAT))
    named = [("0.png", picture), ("0.json", b'{"label": 9999999, "class": "cat"}')]
    write("shards", "named.tar", tar(named, tarfile.USTAR_FORMAT))
    long_name = "\u00e9" * 70 + "/" + "x" * 120
    long_names = [(long_name + ".png", picture), (long_name + ".cls", b"3")]
    write("shards", "gnu.tar", tar(long_names, tarfile.GNU_FORMAT))
    write("shards", "pax.tar", tar(long_names, tarfile.PAX_FORMAT))
    apart = [("a.b.png", picture), ("c.png", picture), ("a.b.cls", b"1"), ("c.seg.png", picture), ("c.txt", b"x")]
    links = [("d.png", "c.png", tarfile.LNKTYPE), ("e/f.png", "../c.png", tarfile.SYMTYPE)]
    unsorted = tar(apart, tarfile.USTAR_FORMAT, links=links)
    write("shards", "apart.tar", unsorted)
    write("shards", "joined.tar", unsorted + tar(apart, tarfile.USTAR_FORMAT))


def write_crop_files() -> None:
    settings = b"pixnerd squares 1\nimage_size 2\npictures 3\n"
    readable, unreadable = struct.pack("<iiBBBBi", 500, 375, 1, 0, 8, 1, 0), struct.pack("<iiBBBBi", 0, 0, 2, 0, 0, 0, 0)
    records = readable + unreadable + struct.pack("<iiBBBBi", 1, 1, 1, 3, 16, 6, 0)
    begun = settings.ljust(4096, b"\0") + records
    write("crop_file", "whole", begun.ljust(8192, b"\0") + bytes(range(36)))
    write("crop_file", "begun", begun[:-16])
    write("crop_file", "other_size", begun.replace(b"size 2", b"size 4"))


def write_metadata() -> None:
    """The first byte says which of the two it is."""
    rows = '{"file_name": "0.png", "text": "a cat"}\n\n{"text": ["a", null], "file_name": "a/1.png", "x": NaN}\n'
    write("metadata", "rows.jsonl", b"j" + rows.encode())
    write("metadata", "rows.csv", b'cid,file_name,text\n1,0.png,"a ""cat"", asleep"\r\n2,,\n')


def write_pickles() -> None:
    """The pickles inside of the golden checkpoints, which are never unpickled here."""
    for file in sorted((GOLDEN / "checkpoints").glob("*.ckpt")):
        if not zipfile.is_zipfile(file):
            continue
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if member.filename.endswith("/data.pkl") and member.file_size < 4096:
                    write("pickle", file.stem, archive.read(member))


def zip_of(members: list[tuple[str, bytes]], zip64: bool = False, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=zip64) as out:
                out.write(content)
        archive.comment = comment
    return file.getvalue()


def write_zips() -> None:
    members = [("x/data.pkl", b"\x80\x02}."), ("x/data/0", bytes(8)), ("x/version", b"3\n")]
    write("zip", "plain", zip_of(members, comment=b"comment"))
    write("zip", "zip64", zip_of(members, zip64=True))


def write_npz() -> None:
    """Pictures stored and statistics deflated, in versions 1 and 2 of the format."""

    def npy(descr: str, shape: str, content: bytes, version: int = 1) -> bytes:
        header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        length = struct.pack("<H" if version == 1 else "<I", len(header))
        return b"\x93NUMPY" + bytes([version, 0]) + length + header + content

    pictures = [("arr_0.npy", npy("|u1", "(2, 1, 2, 3)", bytes(range(12)))), ("notes.txt", b"none")]
    write("npz", "pictures", zip_of(pictures))
    values = struct.pack("<2d", 0.5, 1.5), struct.pack("<4f", 1, 0, 0, 1)
    statistics = [("mu.npy", npy("<f8", "(2,)", values[0])), ("sigma.npy", npy("<f4", "(2, 2)", values[1], 2))]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, member in [*statistics, ("n.npy", npy("<i8", "()", bytes(8)))]:
            file.writestr(zipfile.ZipInfo(name), member, zipfile.ZIP_DEFLATED)
    write("npz", "statistics", content.getvalue())


def write_bombs() -> None:
    """Checkpoints of some hundred kilobytes that name something large again and again, for a few bytes each time."""
    remember, recall, call = b"q\x000", b"h\x00", b"h\x01h\x02R0"

    def write_checkpoint(target: str, name: str, pickle: bytes) -> None:
        write(target, name, zip_of([("x/data.pkl", b"\x80\x02" + pickle), ("x/data/0", bytes(8))]))

    times = 20_000
    numbers = b"](" + b"K\x01" * times + b"e"
    write_checkpoint("torch_file", "list_of_one_list", numbers + remember + b"](" + recall * times + b"e.")

    attributes = b"}(" + b"K\x01K\x02" * times + b"u"
    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02tQ"
    arguments = b"(" + storage + b"K\x00))\x89}" + recall + b"tq\x020"
    rebuild = b"ctorch._utils\n_rebuild_tensor_v2\nq\x010"
    write_checkpoint("torch_file", "tensors_of_one_dict",
                     attributes + remember + rebuild + arguments + call * times + b"}.")

    text = b"X" + struct.pack("<I", 110_000) + b"a" * 110_000
    keys = b"".join(b"X\x04\0\0\0%04x" % i + recall for i in range(10_000))
    write_checkpoint("weights_file", "texts_of_one_text", text + remember + b"}(" + keys + b"u.")


def write_settings() -> None:
    """Objects that hold their parents, as omegaconf's do, and tensors of types that are only listed."""

    def text(content: str) -> bytes:
        return b"X" + struct.pack("<I", len(content)) + content.encode()

    def storage(kind: str) -> bytes:
        return b"(" + text("storage") + b"c" + kind.encode() + b"\n" + text("0") + text("cpu") + b"K\x08tQ"

    child = b"comegaconf.nodes\nAnyNode\n)\x81}" + text("_parent") + b"h\x00sb"
    settings = b"comegaconf.dictconfig\nDictConfig\n)\x81q\x00}(" + text("_content") + b"}" + text("a") + child + b"s"
    settings += text("list") + b"]q\x01h\x01aub"
    quantised = b"ctorch._utils\n_rebuild_qtensor\n(" + storage("torch\nQInt8Storage") + b"K\x00K\x08\x85K\x01\x85)\x89}tR"
    small = b"ctorch._utils\n_rebuild_tensor_v3\n(" + storage("torch.storage\nUntypedStorage")
    small += b"K\x00K\x04\x85K\x01\x85\x89}ctorch\nuint16\ntR"
    body = b"}(" + text("hyper_parameters") + settings + text("q") + quantised + text("u") + small + b"u."
    write("torch_file", "settings", zip_of([("x/data.pkl", b"\x80\x02" + body), ("x/data/0", bytes(8))]))


if __name__ == "__main__":
    main()
