"""A small random Qwen3 that `transformers` saves as its users do is read as it is, and encodes prompts to the states that
the official code gets from it: tokenized bare, cut or padded to 128 ids, masked, in one batch, positions from 0.
Usage: transformers_test.py ENCODE_PROMPTS_PROGRAM (built of encode_prompts_program.cpp).
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

import torch
from safetensors.torch import load_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM, Qwen3Model

WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PROMPTS = [
    "",
    "a photo of a cat",
    "A green skateboard and a yellow apple, 8k, ultra-detailed, masterpiece.",
    "ein Bild von e\u0301inem Ka\u0308fer \u4e2d\u6587 \U0001f600",
    "<|endoftext|> two  spaces\n",
    "word " * 200 + "the end",
    "a photo of a cat",
]
LENGTH, WIDTH = 128, 32
program = ""


def make_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(PROMPTS * 3, trainer)
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|endoftext|>", padding_side="right")


def make_model(kind, vocab_size):
    torch.manual_seed(1)
    config = Qwen3Config(
        vocab_size=vocab_size,
        hidden_size=WIDTH,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=12,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 54321.0},
        max_position_embeddings=256,
        attn_implementation="sdpa",
    )
    model = kind(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3 + (1.0 if parameter.dim() == 1 else 0.0))
    return model


class TransformersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokenizer = make_tokenizer()
        cls.vocab_size = len(cls.tokenizer) + 7  # published models have spare rows too

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name) / "model"

    def save(self, model, **more):
        model.save_pretrained(self.folder, **more)
        self.tokenizer.save_pretrained(self.folder)

    def published_form_of_config(self):
        """rope_theta at the top, as the published files have it."""
        path = self.folder / "config.json"
        config = json.loads(path.read_text())
        config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
        config["rope_scaling"] = None
        path.write_text(json.dumps(config))

    def expected(self, model):
        inputs = self.tokenizer(
            PROMPTS, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt", add_special_tokens=True
        )
        self.assertEqual(tuple(inputs["input_ids"].shape), (len(PROMPTS), LENGTH))
        core = getattr(model, "model", model)
        with torch.no_grad():
            return core(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                position_ids=torch.arange(LENGTH)[None].expand(len(PROMPTS), -1),
            ).last_hidden_state

    def run_program(self, dtype="float32", width=WIDTH, cache=()):
        out = self.folder.parent / "out.safetensors"
        records = [prompt.encode("utf-8") for prompt in PROMPTS]
        stdin = b"".join(struct.pack("<I", len(record)) + record for record in records)
        command = [program, self.folder, dtype, out, str(width), *cache]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return load_file(out)["states"], done.stdout.decode()

    def assert_equal_states(self, model, limit=2e-5):
        expected = self.expected(model)
        states, _ = self.run_program()
        self.assertEqual(states.dtype, torch.float32)
        worst = ((states - expected).abs().max() / expected.abs().max()).item()
        self.assertLess(worst, limit)

    def test_a_causal_model_in_one_file(self):
        model = make_model(Qwen3ForCausalLM, self.vocab_size)  # names with "model.", and lm_head.weight
        self.save(model)
        self.assertTrue((self.folder / "model.safetensors").is_file())
        self.assert_equal_states(model)
        self.published_form_of_config()
        self.assert_equal_states(model)

    def test_a_bare_model_in_several_files(self):
        model = make_model(Qwen3Model, self.vocab_size)  # names without a prefix
        self.save(model, max_shard_size="30KB")
        self.assertTrue((self.folder / "model.safetensors.index.json").is_file())
        self.assert_equal_states(model)

    def test_bfloat16(self):
        model = make_model(Qwen3ForCausalLM, self.vocab_size).to(torch.bfloat16)
        self.save(model)
        states, _ = self.run_program(dtype="bfloat16")
        self.assertEqual(states.dtype, torch.bfloat16)
        exact = self.expected(model.float())
        bfloat16 = self.expected(model.to(torch.bfloat16))
        error = (states.float() - exact).pow(2).mean().sqrt() / exact.pow(2).mean().sqrt()
        usual = (bfloat16.float() - exact).pow(2).mean().sqrt() / exact.pow(2).mean().sqrt()
        self.assertLess(error.item(), 1.5 * usual.item())

    def test_widths_and_cut_prompts(self):
        self.save(make_model(Qwen3Model, self.vocab_size))
        states, said = self.run_program()
        wide, _ = self.run_program(width=WIDTH + 8)
        narrow, _ = self.run_program(width=WIDTH - 8)
        self.assertTrue(torch.equal(wide[..., :WIDTH], states) and wide[..., WIDTH:].eq(0).all())
        self.assertTrue(torch.equal(narrow, states[..., : WIDTH - 8]))
        self.assertTrue(torch.equal(states[1], states[6]))
        tokens = len(self.tokenizer(PROMPTS[5])["input_ids"])
        self.assertRegex(said, f"5: the prompt '.*' has {tokens} tokens")
        self.assertEqual(said.count("the prompt '"), 1)
        self.assertNotIn("word " * 20, said)  # 80 bytes are shown

    def test_the_cache(self):
        self.save(make_model(Qwen3Model, self.vocab_size))
        cache = self.folder.parent / "cache"
        first, said = self.run_program(cache=[cache])
        self.assertIn("the weights were read", said)
        again, said_again = self.run_program(cache=[cache])
        self.assertIn("the weights were not read", said_again)
        self.assertEqual(said.splitlines()[0], said_again.splitlines()[0])  # what was cut
        self.assertTrue(torch.equal(first, again))
        self.assertEqual(len(list(cache.rglob("*.safetensors"))), len(set(PROMPTS)))
        self.save(self.other_model())
        other, said = self.run_program(cache=[cache])
        self.assertIn("the weights were read", said)
        self.assertFalse(torch.equal(first, other))

    def other_model(self):
        model = make_model(Qwen3Model, self.vocab_size)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1.1)
        return model


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
