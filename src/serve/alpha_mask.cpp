#include "serve/alpha_mask.h"

#include <span>

#include "core/errors.h"
#include "core/text.h"
#include "image/codec.h"
#include "image/upright.h"
#include "serve/picture_format.h"
#include "serve/refusal.h"

namespace pixnerd::serve {

std::optional<std::string> mask_of_alpha(const std::string& file, DrawnAnew which, int64_t most_pixels,
                                         const std::string& param) {
  try {
    const std::string name = concat("the ", param);
    const image::Info info = image::inspect(std::as_bytes(std::span(file)), name);
    if (int64_t{info.width} * info.height > most_pixels) {
      throw DataError(
          concat(name, " has ", info.width, "x", info.height, " pixels, more than ", most_pixels, " are taken"));
    }
    if (!info.has_alpha) return std::nullopt;
    const image::UprightImage picture = image::upright(file, name);
    if (picture.alpha.empty()) return std::nullopt;
    image::Image mask = image::blank(picture.colours.width, picture.colours.height);
    for (size_t i = 0; i < mask.rgb.size(); ++i) {
      const uint8_t alpha = picture.alpha[i / 3];
      mask.rgb[i] = which == DrawnAnew::opaque ? alpha : static_cast<uint8_t>(255 - alpha);
    }
    return encoded(mask, PictureFormat::png, 0);
  } catch (const DataError& error) {
    throw Refusal(400, "invalid_picture", error.what(), param);
  }
}

}  // namespace pixnerd::serve
