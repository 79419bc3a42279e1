// The formats in which pictures are sent.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "image/image.h"

namespace pixnerd::serve {

enum class PictureFormat { png, jpeg, webp };
std::span<const std::pair<const char*, PictureFormat>> enum_names(PictureFormat);

// The file's bytes. `quality` is from 0 to 100, which for WebP is exact; PNG has none.
std::string encoded(const image::Image& picture, PictureFormat format, int quality);

// The same of a PNG, which stays what it is where that is the format.
std::string encoded(std::string png, PictureFormat format, int quality);

}  // namespace pixnerd::serve
