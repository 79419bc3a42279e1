#include "cli/half_blocks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/text.h"
#include "image/resize.h"

namespace pixnerd::cli {
namespace {

constexpr std::string_view kUpperHalf = "\xe2\x96\x80", kReset = "\x1b[0m";

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

using Pixel = std::array<uint8_t, 3>;

Pixel pixel(const image::Image& picture, int x, int y) {
  const uint8_t* const at = picture.rgb.data() + 3 * (size_t{1} * y * picture.width + x);
  return {at[0], at[1], at[2]};
}

// The upper half has the foreground's colour, the lower one the background's.
std::string colour(char ground, const Pixel& of) {
  return concat("\x1b[", ground, "8;2;", of[0], ";", of[1], ";", of[2], "m");
}

image::Image fitted(const image::Image& picture, int columns) {
  if (picture.width <= columns) return picture;
  const double scale = static_cast<double>(columns) / picture.width;
  const int height = std::max(1, static_cast<int>(std::lround(picture.height * scale)));
  return image::resize(picture, columns, height, image::Filter::box);
}

std::string line(const image::Image& picture, int y) {
  std::string text, upper, lower;
  for (int x = 0; x < picture.width; ++x) {
    if (std::string next = colour('3', pixel(picture, x, y)); next != upper) text += upper = std::move(next);
    if (y + 1 < picture.height) {
      if (std::string next = colour('4', pixel(picture, x, y + 1)); next != lower) text += lower = std::move(next);
    }
    text += kUpperHalf;
  }
  return text.append(kReset);
}

}  // namespace

bool has_true_colour() {
  const std::string_view says = variable("COLORTERM");
  return says == "truecolor" || says == "24bit" || variable("TERM").ends_with("-direct");
}

std::string half_blocks(const image::Image& picture, int columns) {
  const image::Image seen = fitted(picture, std::max(columns, 1));
  std::string text;
  for (int y = 0; y < seen.height; y += 2) text += concat(y > 0 ? "\n" : "", line(seen, y));
  return text;
}

}  // namespace pixnerd::cli
