// A file of prompts: plain text with one a line, or JSON lines.
//
//   a fox in the snow
//   {"prompt": "a fox in the snow", "seed": 7, "size": [512, 768], "negative_prompt": "blurred"}
//
// A file whose first line that is not blank begins with '{' is JSON lines. Blank lines are passed over; the empty
// prompt is {"prompt": ""}. Both are UTF-8, with a byte order mark or without.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sample/config.h"
#include "sample/seed.h"

namespace pixnerd::sample {

struct Prompt {
  std::string prompt;
  std::optional<std::string> negative_prompt;
  std::optional<uint64_t> seed;  // of its first picture
  std::optional<PictureSize> size;
  std::string where{};  // "file:line"; "" if it is from no file

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("prompt", self.prompt, "what the picture shows");
    visit("negative_prompt", self.negative_prompt, "what guidance leads away from");
    visit_seed(visit, self.seed, "seed of its first picture");
    visit("size", self.size, "width and height in pixels", config::between(1, diffusion::kLongestSide));
  }
};

// In the order of the file. DataError: the file cannot be read, has no prompt, is a JSON list, or has a line that is
// broken or no UTF-8, which is named with what is wrong.
std::vector<Prompt> read_prompts(const std::filesystem::path& path);

}  // namespace pixnerd::sample
