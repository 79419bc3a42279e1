#include "sample/picture.h"

#include <set>

namespace pixnerd::sample {

std::vector<std::string> texts_of(const std::vector<PictureRequest>& pictures) {
  std::vector<std::string> texts;
  std::set<std::string> known;
  const auto add = [&](const std::string& text) {
    if (known.insert(text).second) texts.push_back(text);
  };
  for (const PictureRequest& picture : pictures) {
    if (!picture.prompt) continue;
    add(*picture.prompt);
    add(picture.negative_prompt);
    if (picture.mixture) add(*picture.mixture->prompt);
  }
  return texts;
}

}  // namespace pixnerd::sample
