#include "sample/trajectory.h"

#include <algorithm>

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
constexpr int64_t kMostBytes = int64_t{2} << 30;

void require_possible(const std::filesystem::path& path, int64_t width, int64_t height, int64_t frames) {
  if (path.extension() != ".webp") {
    throw RequestError(concat("an animation is a WebP file; let ", quoted(path), " end in .webp"));
  }
  if (width > kLongestSide || height > kLongestSide) {
    throw RequestError(concat("an animation of ", width, "x", height,
                              " pixels is too large, a side of a WebP has at most ", kLongestSide,
                              "; ask for fewer or smaller pictures"));
  }
  if (width * height * 3 > kMostBytes / frames) {
    throw RequestError(concat("an animation of ", frames, " frames of ", width, "x", height, " pixels would take ",
                              human_bytes(static_cast<uint64_t>(width * height * 3 * frames)),
                              " of memory; ask for fewer or smaller pictures"));
  }
}

}  // namespace

Trajectory::Trajectory(std::filesystem::path path, int64_t pictures, int64_t width, int64_t height, int64_t columns,
                       int64_t steps)
    : path_(std::move(path)), columns_(std::min(columns, pictures)), steps_(steps) {
  const int64_t rows = (pictures + columns_ - 1) / columns_, frames = std::min(steps, kMostFrames);
  require_possible(path_, columns_ * width, rows * height, frames);
  replaces_ = prepare_file(path_);
  frames_.assign(static_cast<size_t>(frames),
                 image::blank(static_cast<int>(columns_ * width), static_cast<int>(rows * height)));
}

int64_t Trajectory::frame_of(int64_t step) const {
  // Frame f shows the last step of its share: step ceil((f + 1) * steps / frames) - 1.
  const int64_t frame = step * frames() / steps_;
  const int64_t shown = ((frame + 1) * steps_ + frames() - 1) / frames() - 1;
  return shown == step ? frame : -1;
}

void Trajectory::add(int64_t index, int64_t step, const image::Image& picture) {
  const int64_t number = frame_of(step);
  if (number < 0) return;
  image::Image& frame = frames_[static_cast<size_t>(number)];
  const auto top = static_cast<int>(index / columns_) * picture.height;
  const auto left = static_cast<size_t>(index % columns_) * picture.row_bytes();
  for (int y = 0; y < picture.height; ++y) {
    std::copy_n(picture.row(y), picture.row_bytes(), frame.row(top + y) + left);
  }
}

void Trajectory::write() const {
  image::write_webp_animation(path_, frames_, kFrameMilliseconds, kHoldMilliseconds, kQuality);
}

}  // namespace pixnerd::sample
