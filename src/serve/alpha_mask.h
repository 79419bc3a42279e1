// Masks whose transparency says what is drawn anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace pixnerd::serve {

enum class DrawnAnew { transparent, opaque };

// A mask in our form, grey, white where it is drawn anew, as a PNG; nothing where the file has no alpha or is opaque
// throughout. Refusal (400): what is no picture, or has more than `most_pixels` pixels. `param` stands for the file.
std::optional<std::string> mask_of_alpha(const std::string& file, DrawnAnew which, int64_t most_pixels,
                                         const std::string& param);

}  // namespace pixnerd::serve
