// How pictures come out of noise, as an animation: one frame a step, each a grid of all pictures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "image/image.h"

namespace pixnerd::sample {

class Trajectory {
 public:
  // The animation will be at `path`. A long run is thinned to kMostFrames, evenly, its last step always there.
  // RequestError: a path that does not end in .webp or cannot be a file, frames too large for WebP or for memory.
  Trajectory(std::filesystem::path path, int64_t pictures, int64_t width, int64_t height, int64_t columns,
             int64_t steps);

  // x_t of picture `index` after step `step`: a FrameSink. Steps that are left out are dropped here.
  void add(int64_t index, int64_t step, const image::Image& picture);

  // Writes the animation; after the last frame.
  void write() const;

  const std::filesystem::path& path() const { return path_; }
  int64_t frames() const { return static_cast<int64_t>(frames_.size()); }
  bool replaces() const { return replaces_; }  // whether there was a file at the path

  static constexpr int64_t kMostFrames = 100;

 private:
  // The frame that shows a step, or -1.
  int64_t frame_of(int64_t step) const;

  std::filesystem::path path_;
  int64_t columns_, steps_;
  bool replaces_ = false;
  std::vector<image::Image> frames_;
};

}  // namespace pixnerd::sample
