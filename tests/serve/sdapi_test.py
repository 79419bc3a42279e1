"""/sdapi/v1 by webuiapi, and as other clients are known to use it."""

import base64
import io
import json
import sys
import threading
import unittest

import webuiapi
from PIL import Image

from served import SLOW, Server, until

PROGRAM = sys.argv.pop()
TOKEN = "correct horse battery"


def picture(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))


class WebUITest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, token=TOKEN)
        cls.api = webuiapi.WebUIApi(port=int(cls.server.url.rsplit(":", 1)[1]), username="anybody", password=TOKEN)

    @classmethod
    def tearDownClass(cls):
        cls.api.session.close()
        cls.server.close()

    def post(self, path, body=None, **more):
        return self.server.request("/sdapi/v1/" + path, body, method="POST", **more)

    def refused(self, status, **fields):
        with self.assertRaises(RuntimeError) as caught:
            self.api.txt2img(**{"prompt": "fox", "steps": 2, **fields})
        self.assertEqual(caught.exception.args[0], status)
        return json.loads(caught.exception.args[1])["detail"]

    def test_what_the_web_ui_sends_by_default_is_drawn(self):
        reply = self.api.txt2img(prompt="fox, noto", steps=3)
        self.assertEqual(reply.image.size, (64, 64))
        info = reply.info
        self.assertEqual((info["width"], info["height"], info["sampler_name"], info["steps"]), (64, 64, "Euler", 3))
        self.assertEqual(len(info["all_seeds"]), 1)
        self.assertGreaterEqual(info["seed"], 0)
        self.assertGreaterEqual(info["subseed"], 0)
        self.assertEqual(info["all_prompts"], ["fox, noto"])
        self.assertTrue(any("512x512" in note for note in info["notes"]))
        self.assertTrue(any("'Euler a' became Euler" in note for note in info["notes"]))
        self.assertEqual(len(info["notes"]), 2, info["notes"])
        self.assertEqual(reply.image.info["parameters"], info["infotexts"][0])
        again = self.api.txt2img(prompt="fox, noto", steps=3, seed=info["seed"])
        self.assertEqual(again.image.tobytes(), reply.image.tobytes())

    def test_many_pictures_count_their_seeds(self):
        reply = self.api.txt2img(prompt="owl", styles=["noto"], steps=2, seed=10, batch_size=2, n_iter=2)
        self.assertEqual(reply.info["all_seeds"], [10, 11, 12, 13])
        self.assertEqual(len({image.tobytes() for image in reply.images}), 4)
        self.assertEqual(reply.info["styles"], ["noto"])
        self.assertTrue(reply.info["infotexts"][3].startswith("owl, noto\nSteps: 2, Sampler: euler"))

    def test_samplers_and_limits(self):
        for asked, drawn in (("DPM++ 2M Karras", "DPM++ 2M"), ("LMS", "Adams"), ("DPM2 a", "Heun"), ("Heun", "Heun"),
                             ("euler", "Euler"), ("DDIM", "Euler"), ("k_dpmpp_2m", "DPM++ 2M")):
            reply = self.api.txt2img(prompt="fox, noto", sampler_name=asked, steps=2, seed=1)
            self.assertEqual(reply.info["sampler_name"], drawn, asked)
        reply = self.api.txt2img(prompt="fox, noto", sampler_name="Nobody", steps=0, cfg_scale=1000, seed=1)
        self.assertEqual((reply.info["sampler_name"], reply.info["steps"], reply.info["cfg_scale"]), ("Adams", 1, 30))
        notes = " ".join(reply.info["notes"])
        for said in ("'Nobody' is not known", "steps 0 became 1", "cfg_scale 1000 became 30"):
            self.assertIn(said, notes)

    def test_sizes(self):
        for asked, drawn in (((96, 64), (96, 64)), ((128, 128), (128, 128)), ((1024, 512), (88, 48)),
                             ((65, 64), (64, 64)), ((512, 768), (56, 80))):
            reply = self.api.txt2img(prompt="fox, noto", width=asked[0], height=asked[1], steps=1, seed=1)
            self.assertEqual(reply.image.size, drawn, asked)

    def test_what_is_not_here_is_said(self):
        reply = self.api.txt2img(prompt="fox <lora:sketch:0.7>, noto", negative_prompt="ugly", steps=2, enable_hr=True,
                                 restore_faces=True, styles=["anime"], tiling=True)
        notes = " ".join(reply.info["notes"])
        for said in ("'sketch'", "negative_prompt", "enable_hr", "restore_faces", "'anime'"):
            self.assertIn(said, notes)
        self.assertNotIn("tiling", notes)
        status, _, body = self.post("txt2img", {"prompt": "fox, noto", "steps": 2, "width": 64, "height": 64, "seed": 3,
                                                "never_heard_of": 1, "genkey": "KCPP1234"})
        self.assertEqual((status, json.loads(body["info"])["notes"]), (200, ["never_heard_of is passed over"]))

    def test_variations(self):
        plain = self.api.txt2img(prompt="fox, noto", steps=2, seed=1)
        near = self.api.txt2img(prompt="fox, noto", steps=2, seed=1, subseed=2, subseed_strength=0.3)
        self.assertNotEqual(plain.image.tobytes(), near.image.tobytes())
        self.assertEqual((near.info["subseed"], near.info["subseed_strength"]), (2, 0.3))
        self.assertIn("Variation seed: 2", near.info["infotexts"][0])

    def test_errors(self):
        self.assertIn("'fox'", self.refused(400, prompt="foxx"))
        self.assertIn("there is no class", self.refused(400, prompt="masterpiece, fox"))
        self.assertEqual(self.refused(422, steps="many")[0]["loc"], ["body", "steps"])
        self.assertEqual(self.refused(422, batch_size=[1])[0]["loc"], ["body", "batch_size"])
        self.assertIn("1 to 64", self.refused(422, batch_size=65))
        self.assertIn("1 to 64", self.refused(422, n_iter=0))
        self.assertIn("no model", self.refused(404, override_settings={"sd_model_checkpoint": "sdxl"}))
        for body in (b"[]", b"7", b"{"):
            status, _, answer = self.post("txt2img", body)
            self.assertIn(status, (400, 422), body)
            self.assertIsInstance(answer["detail"], str)

    def test_img2img_and_inpainting(self):
        source = self.api.txt2img(prompt="fox, noto", steps=6, seed=5).image
        changed = self.api.img2img(images=[source], prompt="wolf, noto", denoising_strength=0.5, steps=6, seed=1)
        self.assertEqual(changed.image.size, (64, 64))
        self.assertNotEqual(changed.image.tobytes(), source.tobytes())
        self.assertEqual(changed.info["denoising_strength"], 0.5)
        left, right = (0, 0, 32, 64), (32, 0, 64, 64)
        mask = Image.new("L", (64, 64), 0)
        mask.paste(255, right)
        fields = dict(images=[source], prompt="owl, noto", denoising_strength=1, steps=6, seed=1, width=64, height=64)
        inpainted = self.api.img2img(mask_image=mask, **fields).image
        self.assertEqual(inpainted.crop(left).tobytes(), source.crop(left).tobytes())
        self.assertNotEqual(inpainted.crop(right).tobytes(), source.crop(right).tobytes())
        inverted = self.api.img2img(mask_image=mask, inpainting_mask_invert=1, **fields).image
        self.assertEqual(inverted.crop(right).tobytes(), source.crop(right).tobytes())
        self.assertNotEqual(inverted.crop(left).tobytes(), source.crop(left).tobytes())
        brush = Image.new("RGBA", (64, 64), (0, 0, 0, 0))  # a mask whose paint is what is not transparent
        brush.paste((255, 255, 255, 255), right)
        self.assertEqual(self.api.img2img(mask_image=brush, **fields).image.tobytes(), inpainted.tobytes())

    def test_img2img_without_a_size_takes_the_pictures(self):
        for size, drawn in (((96, 64), (96, 64)), ((300, 150), (88, 48))):
            file = io.BytesIO()
            Image.new("RGB", size, (200, 90, 30)).save(file, "JPEG")
            image = "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
            status, _, reply = self.post("img2img", {"prompt": "fox, noto", "init_images": [image], "steps": 2})
            self.assertEqual(status, 200, reply)
            self.assertEqual(picture(reply["images"][0]).size, drawn)

    def test_img2img_without_a_picture(self):
        for images, status in (([], 404), (["no base 64"], 400), ([base64.b64encode(b"GIF89a").decode()], 400)):
            got, _, body = self.post("img2img", {"prompt": "fox", "init_images": images})
            self.assertEqual(got, status, body)
            self.assertIsInstance(body["detail"], str)

    def test_lists(self):
        self.assertEqual(self.api.util_get_sampler_names(), ["Adams", "DPM++ 2M", "Euler", "Heun", "Heun reuse"])
        self.assertEqual(self.api.util_get_scheduler_names(), ["automatic"])
        models = self.api.get_sd_models()
        self.assertEqual([model["model_name"] for model in models], ["emoji64", "again"])
        self.assertEqual([each["name"] for each in self.api.get_upscalers()], ["None"])
        self.assertIn("noto", [style["name"] for style in self.api.get_prompt_styles()])
        for none in ("latent_upscale_modes", "loras", "sd_vae", "hypernetworks", "face_restorers", "realesrgan_models"):
            self.assertEqual(getattr(self.api, f"get_{none}")(), [])
        self.assertEqual(self.api.get_scripts(), {"txt2img": [], "img2img": []})
        self.assertEqual(self.api.get_embeddings(), {"loaded": {}, "skipped": {}})
        self.assertGreater(self.api.get_memory()["ram"]["total"], 0)
        self.assertTrue(self.api.get_cmd_flags()["api"])
        self.assertEqual(self.api.refresh_checkpoints(), {})

    def test_options(self):
        self.addCleanup(self.api.set_options, {"sd_model_checkpoint": "emoji64"})
        options = self.api.get_options()
        self.assertRegex(options["sd_model_checkpoint"], r"^emoji64 \[[0-9a-f]{10}\]$")
        options.update(sd_model_checkpoint="again", of_my_own={"a": [1, 2.5, "x"]})
        self.api.set_options(options)
        changed = self.api.get_options()
        self.assertTrue(changed["sd_model_checkpoint"].startswith("again ["))
        self.assertEqual(changed["of_my_own"], {"a": [1, 2.5, "x"]})
        self.assertEqual(self.api.txt2img(prompt="fox, noto", steps=1).info["sd_model_name"], "again")
        override = {"sd_model_checkpoint": "emoji64"}
        reply = self.api.txt2img(prompt="fox, noto", steps=1, override_settings=override)
        self.assertEqual(reply.info["sd_model_name"], "emoji64")
        self.api.util_set_model("again")
        self.assertTrue(self.api.util_get_current_model().startswith("again ["))
        self.api.util_wait_for_ready()
        status, _, body = self.post("options", {"sd_model_checkpoint": "agian", "other": 1})
        self.assertEqual(status, 404)
        self.assertIn("again", body["detail"])
        self.assertNotIn("other", self.api.get_options())
        self.assertEqual(self.post("options", {"big": "x" * (1 << 20)})[0], 422)

    def test_progress_and_interrupt(self):
        self.assertEqual(self.api.get_progress()["progress"], 0)
        replies = []
        thread = threading.Thread(
            target=lambda: replies.append(self.api.txt2img(**{"prompt": "fox, noto", **SLOW, "width": 128, "height": 128})))
        thread.start()
        seen = []

        def shows():
            seen.append(self.server.get("/sdapi/v1/progress"))
            return seen[-1]["current_image"] is not None

        self.assertTrue(until(shows))
        last = seen[-1]
        self.assertTrue(0 < last["progress"] < 1)
        self.assertEqual((last["state"]["job_count"], last["state"]["sampling_steps"]), (1, 250))
        self.assertLess(last["state"]["sampling_step"], 250)
        self.assertEqual(picture(last["current_image"]).size, (128, 128))
        without = self.server.get("/sdapi/v1/progress?skip_current_image=true")
        self.assertIsNone(without["current_image"])
        self.api.interrupt()
        thread.join(timeout=20)
        self.assertEqual(len(replies), 1)
        self.assertEqual(replies[0].images, [])
        self.assertIn("interrupted", replies[0].info["notes"][-1])
        self.assertEqual(self.api.get_progress()["state"]["job_count"], 0)
        self.api.interrupt()  # of nothing
        self.assertIsNotNone(self.api.skip())

    def test_png_info(self):
        drawn = self.api.txt2img(prompt="fox, noto", steps=2, seed=7)
        info = self.api.png_info(drawn.image)
        self.assertEqual(info.info, drawn.info["infotexts"][0])
        parts = info.parameters
        self.assertEqual((parts["Prompt"], parts["Steps"], parts["Seed"], parts["Size-1"]), ("fox, noto", "2", "7", "64"))
        self.assertIn("pixnerd", self.server.request("/sdapi/v1/png-info", {"image": base64.b64encode(
            self.server.get(self.server.jobs()[0]["pictures"][0]["url"])).decode()})[2]["items"])
        self.assertEqual(self.api.png_info(Image.new("RGB", (4, 4))).info, "")
        self.assertEqual(self.post("png-info", {"image": "!"})[0], 400)

    # ---- request sequences of other clients ----

    def basic(self):
        return {"Authorization": "Basic " + base64.b64encode(f"user:{TOKEN}".encode()).decode()}

    def get_as(self, path):
        return self.server.get("/sdapi/v1/" + path, headers=self.basic())

    def test_silly_tavern(self):
        self.addCleanup(self.api.set_options, {"sd_model_checkpoint": "emoji64"})
        self.get_as("options")
        upscalers = [each["name"] for each in self.get_as("upscalers")]
        upscalers[1:1] = [each["name"] for each in self.get_as("latent-upscale-modes")]
        self.assertEqual(upscalers[0], "None")
        self.assertEqual([each["model_name"] for each in self.get_as("sd-vae")], [])
        samplers = [each["name"] for each in self.get_as("samplers")]
        schedulers = [each["name"] for each in self.get_as("schedulers")]
        model = self.get_as("sd-models")[1]["title"]
        self.assertEqual(self.post("options", {"sd_model_checkpoint": model}, headers=self.basic())[0], 200)
        progress = self.get_as("progress")
        self.assertEqual((progress["progress"], progress["state"]["job_count"]), (0, 0))
        self.assertEqual(self.get_as("options")["sd_model_checkpoint"], model)
        body = {"prompt": "fox", "negative_prompt": "lowres", "sampler_name": samplers[0], "scheduler": schedulers[0],
                "steps": 3, "cfg_scale": 7, "width": 512, "height": 768, "restore_faces": False, "enable_hr": False,
                "hr_upscaler": "Latent", "hr_scale": 2, "hr_additional_modules": [], "denoising_strength": 0.7,
                "hr_second_pass_steps": 0, "seed": -1, "clip_skip": 1, "save_images": True, "send_images": True,
                "do_not_save_grid": False, "do_not_save_samples": False,
                "override_settings": {"CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic"},
                "override_settings_restore_afterwards": True}
        status, _, reply = self.post("txt2img", body, headers=self.basic())
        self.assertEqual(status, 200, reply)
        self.assertEqual(picture(reply["images"][0]).size, (56, 80))
        self.assertEqual(len(json.loads(reply["info"])["notes"]), 2)  # the size, the negative prompt
        # Its user leaves: it interrupts with no body, and closes the connection.
        self.assertEqual(self.post("interrupt", headers=self.basic())[0], 200)

    def test_open_webui(self):
        self.addCleanup(self.api.set_options, {"sd_model_checkpoint": "emoji64"})
        options = self.get_as("options")
        models = [(model["title"], model["model_name"]) for model in self.get_as("sd-models")]
        options["sd_model_checkpoint"] = models[1][1]
        self.assertEqual(self.post("options", options, headers=self.basic())[0], 200)
        status, _, reply = self.post("txt2img", {"prompt": "fox", "batch_size": 1, "width": 512, "height": 512,
                                                 "steps": 4}, headers=self.basic())
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(reply["info"])["sd_model_name"], "again")
        picture(reply["images"][0]).load()
        status, _, reply = self.post("txt2img", {"prompt": "a nice fox", "batch_size": 1}, headers=self.basic())
        self.assertEqual(status, 400)
        self.assertEqual(reply["error"]["message"], reply["detail"])  # which is what it shows

    def test_swarm_ui(self):
        title = self.get_as("options")["sd_model_checkpoint"]
        self.assertEqual(title[: title.index(" [")], "emoji64")
        self.assertIn("Euler", [each["name"] for each in self.get_as("samplers")])
        body = {"prompt": "fox <lora:style:0.8>", "negative_prompt": "", "seed": 12345678901, "steps": 3, "width": 64,
                "height": 64, "cfg_scale": 7, "subseed": 4, "subseed_strength": 0, "sampler_name": "Euler"}
        status, _, reply = self.post("txt2img", body, headers=self.basic())
        self.assertEqual(status, 200, reply)
        self.assertEqual(json.loads(reply["info"])["all_seeds"], [12345678901])
        body.update(init_images=reply["images"], denoising_strength=0.6)
        status, _, reply = self.post("img2img", body, headers=self.basic())
        self.assertEqual(status, 200, reply)
        self.assertIsNone(reply["parameters"]["init_images"])

    def test_stable_ui(self):
        self.assertEqual(self.get_as("sd-models")[0]["model_name"], "emoji64")
        for name in ("samplers", "schedulers", "loras"):
            self.assertIsInstance(self.get_as(name), list)
        body = {"prompt": "fox", "negative_prompt": "", "width": 128, "height": 128, "seed": -1, "steps": 250,
                "cfg_scale": 7, "sampler_name": "Euler a", "batch_size": 1, "genkey": "KCPP0001"}
        replies = []
        thread = threading.Thread(target=lambda: replies.append(self.post("txt2img", body, headers=self.basic())))
        thread.start()

        def advances():
            progress = self.get_as("progress?skip_current_image=true")
            return progress["state"]["sampling_step"] > 0 and progress["textinfo"] is None

        self.assertTrue(until(advances))
        self.assertTrue(until(lambda: self.get_as("progress")["current_image"]))
        self.assertEqual(self.post("interrupt", headers=self.basic())[0], 200)
        thread.join(timeout=20)
        self.assertEqual(replies[0][0], 200)

    def test_who_leaves_leaves_no_job(self):
        with self.assertRaises(Exception):
            self.api.session.post(self.api.baseurl + "/txt2img", json={"prompt": "fox", **SLOW}, timeout=0.5)
        self.assertTrue(until(lambda: not self.server.live()))
        self.assertEqual(self.server.jobs()[0]["state"], "cancelled")


if __name__ == "__main__":
    unittest.main()
