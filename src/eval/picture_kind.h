// What a picture's file says of its channels, which the decoded picture no longer does.
#pragma once

#include <cstddef>
#include <span>

namespace pixnerd::eval {

struct PictureKind {
  bool has_alpha = false, is_grey = false;
};

// Of a PNG, JPEG or WebP file that image::decode() accepts; neither of anything else.
PictureKind kind_of(std::span<const std::byte> file);

}  // namespace pixnerd::eval
