"""Tests of tools/check_house.py on small made-up repositories.   python3 -m unittest discover -s tools -p '*_test.py'"""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import check_house

ROOMS = """
set(PIXNERD_LEVEL_core 0)
foreach(room config image)
  set(PIXNERD_LEVEL_${room} 1)
endforeach()
set(PIXNERD_LEVEL_nn 2)
set(PIXNERD_TORCH_FREE core config image)
"""
LISTS = """
# pixnerd_room(none) is a comment
pixnerd_room(core LIBRARIES spdlog::spdlog)
pixnerd_room(config USES core LIBRARIES nlohmann_json::nlohmann_json)
pixnerd_room(image USES core)
pixnerd_room(nn TORCH USES core
             LIBRARIES nlohmann_json::nlohmann_json)
"""


class CheckHouseTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("cmake/Rooms.cmake", ROOMS)
        self.write("CMakeLists.txt", LISTS)
        self.write("src/core/errors.h", "#pragma once\n#include <unistd.h>\n#include <vector>\n#include <sys/mman.h>\n")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def breaches(self) -> list[str]:
        return check_house.check(self.root)

    def test_a_clean_house_passes(self):
        self.write("src/nn/x.cpp", '#include <ATen/core/Tensor.h>\n#include "core/errors.h"\n#include "nn/x.h"\n')
        self.write("src/nn/x.h", "#pragma once\n")
        self.assertEqual(self.breaches(), [])

    def test_a_room_that_uses_does_not_name(self):
        self.write("src/image/a.h", "#pragma once\n")
        self.write("src/nn/x.cpp", '#include <vector>\n\n#include "image/a.h"\n')
        self.assertEqual(self.breaches(), ['src/nn/x.cpp:3: "image/a.h" in nn, whose USES does not name image'])

    def test_uses_must_go_down(self):
        self.write("CMakeLists.txt", LISTS.replace("image USES core", "image USES core config"))
        self.assertEqual(
            self.breaches(), ["CMakeLists.txt: room image uses config, which is not on a lower level"]
        )

    def test_torch_in_a_torch_free_room(self):
        for header in ("torch/torch.h", "ATen/ATen.h", "c10/util/Half.h"):
            self.write("src/config/x.cpp", f"  #  include <{header}>\n")
            self.assertEqual(self.breaches(), [f"src/config/x.cpp:1: <{header}> in config, which is not a TORCH room"])

    def test_a_torch_room_that_must_be_free_of_it(self):
        self.write("CMakeLists.txt", LISTS.replace("image USES", "image TORCH USES"))
        self.assertIn("cmake/Rooms.cmake has it free of torch", self.breaches()[0])

    def test_a_library_that_is_not_linked(self):
        self.write("src/image/x.cpp", "#include <spdlog/spdlog.h>\n")
        self.assertEqual(
            self.breaches(),
            ["src/image/x.cpp:1: <spdlog/spdlog.h> in image, whose LIBRARIES does not name spdlog::spdlog"],
        )

    def test_a_third_party_header_in_two_rooms(self):
        self.write("src/image/x.cpp", "#include <png.h>\n")
        self.assertEqual(self.breaches(), [])
        self.write("src/config/x.cpp", "#include <png.h>\n")
        self.assertEqual(len(self.breaches()), 2)

    def test_two_rooms_that_both_link_the_library(self):
        for room in ("config", "nn"):
            self.write(f"src/{room}/x.cpp", "#include <nlohmann/json.hpp>\n")
        self.assertEqual(self.breaches(), [])

    def test_quoted_includes_start_at_src_and_exist(self):
        self.write("src/nn/x.cpp", '#include "x.h"\n#include "core/none.h"\n')
        self.assertEqual(len(self.breaches()), 2)

    def test_a_folder_without_a_room(self):
        self.write("src/odd/x.cpp", "#include <vector>\n")
        self.assertEqual(self.breaches(), ["src/odd: no pixnerd_room(odd ...) in CMakeLists.txt"])

    def test_the_exit_code(self):
        self.assertEqual(check_house.main(["--root", str(self.root)]), 0)
        self.write("src/image/x.cpp", "#include <torch/torch.h>\n")
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(check_house.main(["--root", str(self.root)]), 1)


if __name__ == "__main__":
    unittest.main()
