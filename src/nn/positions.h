// Position tables: rotary embeddings of the token grid and coordinate codes of the pixels in a patch. All float32.
//
// Both networks stretch one square over every grid, so a larger grid is a finer sampling of the same square: this is
// what makes other resolutions work.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <list>
#include <mutex>

namespace pixnerd::nn {

// Rotations of 2-D RoPE for a grid of height x width tokens and heads of `head_width` channels (a multiple of 4).
// The pair order interleaves the axes: pair 2k turns by x_pos * f_k, pair 2k + 1 by y_pos * f_k, f_k = 10000^(-4k / d).
// Returns [height * width, head_width / 2, 2] = (cos, sin), tokens row-major.
at::Tensor rope_table(int64_t height, int64_t width, int64_t head_width, double x_extent, double y_extent);

// Class-conditional network: x_pos = linspace(0, 16, width), y_pos = linspace(0, 16, height).
at::Tensor rope_table_c2i(int64_t height, int64_t width, int64_t head_width);

// Text-to-image network: x_pos = linspace(0, height, width), y_pos = linspace(0, width, height); crossed as published.
at::Tensor rope_table_t2i(int64_t height, int64_t width, int64_t head_width);

// Positions that turn nothing: cos 1 and sin 0 for each of `length` tokens.
at::Tensor rope_table_of_no_positions(int64_t length, int64_t head_width);

// Width of every coordinate code.
constexpr int64_t kCoordinateWidth = 64;

// Class-conditional network: 8 x 8 cosine products over a patch of height x width pixels, positions linspace(0, 1).
// code[8 i + j] = cos(pi x f_i) cos(pi y f_j) / (1 + f_i f_j), f = linspace(0, 8, 8). Returns [height * width, 64].
at::Tensor cosine_product_code(int64_t height, int64_t width);

// Text-to-image network: 32 frequencies interleaved over the axes, (cos(x f_k), cos(y f_k)), f_k = 10000^(-4k / 128).
// x = linspace(0, extent, width), y = linspace(0, extent, height). Returns [height * width, 64].
at::Tensor cosine_code(int64_t height, int64_t width, double extent);

// Sinusoidal features of t in [0, 1], unscaled: [cos(t w_k), sin(t w_k)], w_k = 10^(-k / 128), k = 0..127.
// t [B] -> [B, 256].
at::Tensor timestep_features(const at::Tensor& t);
constexpr int64_t kTimestepFeatures = 256;

// Tables of the grids and devices asked for last, shared by every layer and thread that asks: kMostTables of them, and
// of those no more than take kMostBytes together, the newest aside.
class GridTables {
 public:
  static constexpr size_t kMostTables = 16;
  static constexpr size_t kMostBytes = size_t{64} << 20;

  using Build = std::function<at::Tensor(int64_t height, int64_t width)>;
  explicit GridTables(Build build) : build_(std::move(build)) {}

  // Two threads that ask for a new grid at the same time may both build its table; others do not wait for them.
  at::Tensor get(int64_t height, int64_t width, const at::Device& device);

 private:
  struct Entry {
    int64_t height, width;
    at::Device device;
    at::Tensor table;
  };

  // Undefined where it is not there; what is found becomes the newest.
  at::Tensor find(int64_t height, int64_t width, const at::Device& device);
  void insert(Entry entry);

  Build build_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // newest first
};

}  // namespace pixnerd::nn
