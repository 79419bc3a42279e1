#include "sample/trajectory.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "core/destination.h"
#include "core/errors.h"
#include "core/text.h"
#include "image/animation.h"

namespace pixnerd::sample {
namespace {

constexpr int kFrameMilliseconds = 60;
constexpr int kHoldMilliseconds = 2000;
constexpr int kQuality = 90;             // early frames are noise, which costs ten times as much without loss
constexpr int64_t kLongestSide = 16383;  // of a WebP
constexpr int64_t kMostFrameBytes = int64_t{2} << 30;

void require_possible(const std::filesystem::path& path, int64_t width, int64_t height, int64_t frames) {
  if (path.extension() != ".webp") {
    throw RequestError(concat("an animation is a WebP file; let ", quoted(path), " end in .webp"));
  }
  if (width > kLongestSide || height > kLongestSide) {
    throw RequestError(concat("an animation of ", width, "x", height,
                              " pixels is too large, a side of a WebP has at most ", kLongestSide,
                              "; ask for fewer or smaller pictures"));
  }
  if (width * height * 3 > kMostFrameBytes / frames) {
    throw RequestError(concat("an animation of ", frames, " frames of ", width, "x", height, " pixels would take ",
                              human_bytes(static_cast<uint64_t>(width * height * 3 * frames)),
                              " of memory; ask for fewer or smaller pictures"));
  }
}

}  // namespace

Trajectory::Trajectory(std::filesystem::path path, std::vector<int64_t> steps, int64_t width, int64_t height,
                       int64_t columns)
    : path_(std::move(path)),
      steps_(std::move(steps)),
      width_(width),
      height_(height),
      columns_(std::min(columns, std::ssize(steps_))) {
  const int64_t rows = (std::ssize(steps_) + columns_ - 1) / columns_;
  const int64_t frames = std::min(*std::max_element(steps_.begin(), steps_.end()), kMostFrames);
  require_possible(path_, columns_ * width, rows * height, frames);
  replaces_ = prepare_file(path_);
  frames_.assign(static_cast<size_t>(frames),
                 image::blank(static_cast<int>(columns_ * width), static_cast<int>(rows * height)));
}

void Trajectory::add(int64_t index, int64_t step, const image::Image& picture) {
  const int64_t steps = steps_.at(static_cast<size_t>(index));
  if (step < 0 || step >= steps || picture.width != width_ || picture.height != height_) {
    throw std::out_of_range("the animation has no place for this step of this picture");
  }
  // Frame f shows the last step of its share, ceil((f + 1) * steps / frames) - 1.
  const int64_t first = step * frames() / steps, end = (step + 1) * frames() / steps;
  const auto top = static_cast<int>(index / columns_) * picture.height;
  const auto left = static_cast<size_t>(index % columns_) * picture.row_bytes();
  for (int64_t f = first; f < end; ++f) {
    image::Image& frame = frames_[static_cast<size_t>(f)];
    for (int y = 0; y < picture.height; ++y) {
      std::copy_n(picture.row(y), picture.row_bytes(), frame.row(top + y) + left);
    }
  }
}

void Trajectory::write() const {
  image::write_webp_animation(path_, frames_, kFrameMilliseconds, kHoldMilliseconds, kQuality);
}

}  // namespace pixnerd::sample
