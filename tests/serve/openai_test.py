"""/v1 by OpenAI's own client."""

import base64
import io
import sys
import threading
import unittest
import urllib.request

import openai
from PIL import Image

from served import Server, until

PROGRAM = sys.argv.pop()
SLOW = {"num_inference_steps": 250}
SLOW_SIZE = "256x256"


def picture(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))


def png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    file.seek(0)
    file.name = "picture.png"
    return file


class OpenAITest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM)
        cls.client = openai.OpenAI(base_url=cls.server.url + "/v1", api_key="none", max_retries=2)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.server.close()

    def draw(self, **fields):
        extra = {"steps": 3, "seed": 5}
        extra.update(fields.pop("extra_body", {}))
        return self.client.images.generate(**{"prompt": "fox, noto", "extra_body": extra, **fields})

    def refused(self, **fields):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.draw(**fields)
        return caught.exception

    def test_models(self):
        self.assertEqual([model.id for model in self.client.models.list()], ["emoji64", "again"])
        model = self.client.models.retrieve("again")
        self.assertEqual((model.object, model.owned_by), ("model", "pixnerd"))
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.models.retrieve("agin")
        self.assertEqual(caught.exception.body["nearest"], ["again"])

    def test_a_picture_is_that_of_its_seed(self):
        reply = self.draw(size="64x64", quality="auto", background="auto", moderation="auto", user="somebody")
        self.assertEqual(picture(reply.data[0].b64_json).size, (64, 64))
        self.assertEqual(reply.data[0].revised_prompt, "fox, noto")
        self.assertEqual((reply.size, reply.output_format, reply.background), ("64x64", "png", "opaque"))
        self.assertEqual(reply.usage.output_tokens, 64)
        self.assertEqual(reply.usage.total_tokens, reply.usage.input_tokens + 64)
        self.assertEqual(self.draw().data[0].b64_json, reply.data[0].b64_json)
        self.assertNotEqual(self.draw(extra_body={"seed": 6}).data[0].b64_json, reply.data[0].b64_json)

    def test_spellings_of_the_same(self):
        plain = self.draw(extra_body={"steps": 4, "guidance": 3, "solver": "euler"}).data[0].b64_json
        for fields in (
            {"num_inference_steps": 4, "steps": None, "guidance_scale": 3.0, "sampler": "euler"},
            {"steps": 4, "num_inference_steps": 4, "cfg_scale": 3, "guidance": 3.0, "solver": "euler"},
        ):
            self.assertEqual(self.draw(extra_body=fields).data[0].b64_json, plain)
        error = self.refused(extra_body={"steps": 4, "num_inference_steps": 5})
        self.assertIn("steps is said twice", error.message)

    def test_style_is_the_networks_or_openais(self):
        named = self.draw(prompt="fox", style="noto").data[0]
        self.assertEqual(named.b64_json, self.draw().data[0].b64_json)
        self.assertTrue(self.draw(prompt="fox", style="vivid").data[0].revised_prompt.startswith("fox, "))
        error = self.refused(prompt="fox", style="nota")
        self.assertEqual((error.param, error.body["nearest"]), ("style", ["noto"]))
        self.refused(style="twemoji")  # the prompt says noto

    def test_formats(self):
        exact = picture(self.draw().data[0].b64_json).convert("RGB")
        for kind, quality in (("jpeg", 95), ("webp", 100)):
            reply = self.draw(output_format=kind, output_compression=quality)
            shown = picture(reply.data[0].b64_json)
            self.assertEqual((shown.format.lower(), shown.size, reply.output_format), (kind, (64, 64), kind))
            if kind == "webp":
                self.assertEqual(shown.convert("RGB").tobytes(), exact.tobytes())
        self.assertEqual(self.refused(output_format="gif").param, "output_format")
        self.assertEqual(self.refused(background="transparent").param, "background")

    def test_addresses(self):
        reply = self.draw(response_format="url", n=2)
        for each in reply.data:
            self.assertTrue(each.url.startswith(self.server.url + "/api/pictures/"))
            self.assertIsNone(each.b64_json)
            with urllib.request.urlopen(each.url, timeout=20) as answer:
                self.assertEqual(Image.open(io.BytesIO(answer.read())).size, (64, 64))
        self.assertNotEqual(reply.data[0].url, reply.data[1].url)

    def test_size(self):
        self.assertEqual(picture(self.draw(size="96x64").data[0].b64_json).size, (96, 64))
        self.assertEqual(picture(self.draw(size="auto").data[0].b64_json).size, (64, 64))
        self.assertEqual(picture(self.draw(extra_body={"width": 72}).data[0].b64_json).size, (72, 64))
        error = self.refused(size="70x64")
        self.assertEqual(error.param, "size")
        self.assertIn("72", error.message)
        for size in ("1x1", "100000x100000", "64", "64x", "x64", "-8x8", "64x64x3"):
            self.assertEqual(self.refused(size=size).param, "size", size)
        self.assertEqual(self.refused(size="64x64", extra_body={"width": 72}).param, "size")

    def test_errors_say_what_is_meant(self):
        error = self.refused(prompt="foxx")
        self.assertIn("fox", error.body["nearest"])
        self.assertIn("there is no class 'foxx'", error.message)
        self.assertEqual((error.type, error.param), ("invalid_request_error", "prompt"))
        error = self.refused(extra_body={"stepps": 3})
        self.assertEqual((error.param, error.body["nearest"]), ("stepps", ["steps"]))
        self.assertEqual(self.refused(n=0).param, "n")
        self.assertEqual(self.refused(n=11).param, "n")
        self.assertEqual(self.refused(extra_body={"steps": "many"}).param, "steps")
        self.assertEqual(self.refused(extra_body={"sampler": "ddim"}).param, "solver")
        self.assertEqual(self.refused(quality="splendid").param, "quality")
        self.assertEqual(self.refused(prompt="x" * 32_001).code, "prompt_too_long")
        self.assertEqual(self.refused(prompt="").code, "missing_class")
        with self.assertRaises(openai.NotFoundError):
            self.draw(model="gpt-image-9")

    def test_a_stream_brings_pictures_on_the_way(self):
        events = list(self.draw(stream=True, partial_images=3, extra_body={"steps": 12}))
        self.assertEqual([event.type for event in events],
                         ["image_generation.partial_image"] * 3 + ["image_generation.completed"])
        self.assertEqual([event.partial_image_index for event in events[:3]], [0, 1, 2])
        for event in events:
            self.assertEqual(picture(event.b64_json).size, (64, 64))
            self.assertEqual((event.size, event.output_format, event.background), ("64x64", "png", "opaque"))
            self.assertGreater(event.created_at, 0)
            self.assertIn(event.quality, ("low", "medium", "high"))
        self.assertEqual(len({event.b64_json for event in events}), 4)
        self.assertEqual(events[-1].usage.output_tokens, 64)
        whole = self.draw(extra_body={"steps": 12}).data[0].b64_json
        self.assertEqual(events[-1].b64_json, whole)
        self.assertEqual([event.type for event in self.draw(stream=True)], ["image_generation.completed"])

    def test_what_no_stream_can_bring(self):
        self.assertEqual(self.refused(stream=True, n=2).param, "n")
        self.assertEqual(self.refused(stream=True, partial_images=4).param, "partial_images")
        self.assertEqual(self.refused(partial_images=1).param, "partial_images")

    def test_a_stream_that_fails_raises(self):
        stream = self.draw(stream=True, size=SLOW_SIZE, extra_body={"steps": 250})
        self.assertTrue(until(self.server.live))
        for job in self.server.live():
            self.server.request(f"/api/jobs/{job['id']}", method="DELETE")
        with self.assertRaises(openai.APIError) as caught:
            list(stream)
        self.assertEqual((caught.exception.message, caught.exception.code), ("the job was cancelled", "cancelled"))

    def test_an_edit_keeps_what_the_mask_says(self):
        source = picture(self.draw().data[0].b64_json).convert("RGB")
        mask = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
        mask.paste((0, 0, 0, 0), (32, 0, 64, 64))  # the right half is drawn anew
        reply = self.client.images.edit(image=png(source), mask=png(mask), prompt="owl, noto",
                                        extra_body={"steps": 6, "seed": 1, "strength": 1.0})
        edited = picture(reply.data[0].b64_json).convert("RGB")
        left, right = (0, 0, 32, 64), (32, 0, 64, 64)
        self.assertEqual(edited.crop(left).tobytes(), source.crop(left).tobytes())
        self.assertNotEqual(edited.crop(right).tobytes(), source.crop(right).tobytes())
        self.assertEqual(reply.usage.input_tokens_details.image_tokens, 64)
        # The image's own transparency says the same.
        source.putalpha(mask.getchannel("A"))
        again = self.client.images.edit(image=[png(source)], prompt="owl, noto",
                                        extra_body={"steps": 6, "seed": 1, "strength": 1.0})
        self.assertEqual(picture(again.data[0].b64_json).tobytes(), edited.tobytes())

    def test_an_edit_streams(self):
        source = png(Image.new("RGB", (64, 64), (200, 80, 40)))
        events = list(self.client.images.edit(image=source, prompt="fox, noto", stream=True, partial_images=1,
                                              extra_body={"steps": 6}))
        self.assertEqual([event.type for event in events], ["image_edit.partial_image", "image_edit.completed"])

    def test_edits_that_are_refused(self):
        grey = Image.new("RGB", (64, 64), (90, 90, 90))
        opaque = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
        cases = [
            ({"image": [png(grey), png(grey)]}, "image"),
            ({"image": io.BytesIO(b"no picture")}, "image"),
            ({"image": png(grey), "mask": png(opaque)}, "mask"),
            ({"image": png(grey), "mask": io.BytesIO(b"GIF89a")}, "mask"),
            ({"image": png(grey), "extra_body": {"strenght": 1}}, "strenght"),
            ({"image": png(grey), "size": "8x"}, "size"),
        ]
        for fields, param in cases:
            with self.subTest(param), self.assertRaises(openai.BadRequestError) as caught:
                self.client.images.edit(prompt="fox", **fields)
            self.assertEqual(caught.exception.param, param, caught.exception.message)

    def test_who_gives_up_leaves_no_job(self):
        hasty = self.client.with_options(timeout=0.5, max_retries=2)
        before = len(self.server.jobs())
        with self.assertRaises(openai.APITimeoutError):
            hasty.images.generate(prompt="fox", size=SLOW_SIZE, extra_body=SLOW)
        self.assertTrue(until(lambda: not self.server.live()))
        tries = self.server.jobs()[: len(self.server.jobs()) - before]
        self.assertEqual([job["state"] for job in tries], ["cancelled"] * 3)

    def test_who_leaves_a_stream_leaves_no_job(self):
        stream = self.draw(stream=True, partial_images=3, size=SLOW_SIZE, extra_body={"steps": 250})
        self.assertTrue(until(self.server.live))
        stream.close()
        self.assertTrue(until(lambda: not self.server.live()))
        self.assertEqual(self.server.jobs()[0]["state"], "cancelled")

    def test_a_job_that_is_to_stay_stays(self):
        hasty = self.client.with_options(timeout=0.2, max_retries=0)
        with self.assertRaises(openai.APITimeoutError):
            hasty.images.generate(prompt="owl, noto", size="128x128", extra_body={"steps": 12, "keep": True})
        job = self.server.jobs()[0]
        self.assertIn(job["state"], ("queued", "running"))
        self.assertTrue(until(lambda: self.server.get(f"/api/jobs/{job['id']}")["state"] == "done"))

    def test_many_at_once(self):
        replies = {}

        def draw(seed):
            replies[seed] = self.draw(extra_body={"seed": seed}).data[0].b64_json

        threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(replies.values())), 8)
        self.assertEqual(replies[5], self.draw().data[0].b64_json)


class TokenTest(unittest.TestCase):
    def test_the_key_is_the_token(self):
        server = Server(PROGRAM, token="correct horse battery")
        self.addCleanup(server.close)
        client = openai.OpenAI(base_url=server.url + "/v1", api_key="correct horse battery")
        self.assertEqual(len(client.models.list().data), 2)
        with self.assertRaises(openai.AuthenticationError):
            client.with_options(api_key="wrong").models.list()


if __name__ == "__main__":
    unittest.main()
