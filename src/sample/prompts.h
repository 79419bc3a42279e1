// A file of prompts: plain text with one a line, or JSON lines.
//
//   a fox in the snow
//   {"prompt": "a fox in the snow", "seed": 7, "size": [512, 768], "negative_prompt": "blurred"}
//
// Its lines decide: where one is a JSON object, or was meant as one and is broken, all must be objects; else each is a
// prompt as it stands, also one that begins with a brace, such as "{cat|dog} in the snow". Blank lines are passed over;
// the empty prompt is {"prompt": ""}. Both are UTF-8, with byte order marks or without.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sample/picture.h"
#include "sample/seed.h"

namespace pixnerd::sample {

struct Prompt {
  std::string prompt;
  std::optional<std::string> negative_prompt;
  std::optional<uint64_t> seed;  // of its first picture
  std::optional<PictureSize> size;
  std::string where{};  // "file:line"; "" if it is from no file
  // What is to be found in its pictures, for those who judge them: in the names of their data set.
  std::vector<std::string> classes{};
  std::string style{}, language{};

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("prompt", self.prompt, "what the picture shows");
    visit("negative_prompt", self.negative_prompt, "what guidance leads away from");
    visit_seed(visit, self.seed, "seed of its first picture");
    visit("size", self.size, "width and height in pixels", config::between(1, diffusion::kLongestSide));
    visit("classes", self.classes, "what its pictures are to show, for eval --retrieval");
    visit("style", self.style, "in which style, for eval --retrieval");
    visit("language", self.language, "of the prompt, for eval --retrieval");
  }
};

// In the order of the file. DataError: the file cannot be read, has no prompt, is in another encoding (text_file.h), is
// a JSON list, or has a line that is broken, which is named with what is wrong.
std::vector<Prompt> read_prompts(const std::filesystem::path& path);

}  // namespace pixnerd::sample
