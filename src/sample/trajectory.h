// How pictures come out of noise, as an animation: one frame a step, each a grid of all pictures. Those of fewer steps
// than the others stand still in between, so that all of them arrive together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "image/image.h"

namespace pixnerd::sample {

class Trajectory {
 public:
  // The animation of pictures of width x height will be at `path`; `steps` has one number of steps, 1 at least, for
  // each of them. Runs are thinned to kMostFrames, evenly, their last step always there. RequestError: a path that does
  // not end in .webp or cannot be a file, frames too large for WebP or for memory.
  Trajectory(std::filesystem::path path, std::vector<int64_t> steps, int64_t width, int64_t height, int64_t columns);

  // x_t of picture `index` after step `step`: a FrameSink. Steps that are left out are dropped here. std::out_of_range
  // for pictures, steps and sizes that there are none of.
  void add(int64_t index, int64_t step, const image::Image& picture);

  // Writes the animation; after the last frame.
  void write() const;

  const std::filesystem::path& path() const { return path_; }
  int64_t frames() const { return static_cast<int64_t>(frames_.size()); }
  bool replaces() const { return replaces_; }  // whether there was a file at the path

  static constexpr int64_t kMostFrames = 100;

 private:
  std::filesystem::path path_;
  std::vector<int64_t> steps_;
  int64_t width_, height_, columns_;
  bool replaces_ = false;
  std::vector<image::Image> frames_;
};

}  // namespace pixnerd::sample
