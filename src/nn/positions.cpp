#include "nn/positions.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pixnerd::nn {
namespace {

// The x and y position of every cell of a grid, row-major: two tensors [height * width].
std::pair<at::Tensor, at::Tensor> grid_positions(const at::Tensor& x, const at::Tensor& y) {
  const int64_t width = x.size(0);
  const int64_t height = y.size(0);
  return {x.view({1, width}).expand({height, width}).reshape(-1),
          y.view({height, 1}).expand({height, width}).reshape(-1)};
}

}  // namespace

at::Tensor rope_table(int64_t height, int64_t width, int64_t head_width, double x_extent, double y_extent) {
  const auto [x, y] = grid_positions(at::linspace(0, x_extent, width), at::linspace(0, y_extent, height));
  const at::Tensor exponent = at::arange(0, head_width, 4, at::kFloat) / static_cast<double>(head_width);
  const at::Tensor frequency = 1.0 / at::pow(10000.0, exponent);                              // [d/4]
  const at::Tensor angle = at::stack({at::outer(x, frequency), at::outer(y, frequency)}, -1)  // [L, d/4, 2]
                               .reshape({height * width, head_width / 2});
  return at::stack({at::cos(angle), at::sin(angle)}, -1);
}

at::Tensor rope_table_c2i(int64_t height, int64_t width, int64_t head_width) {
  return rope_table(height, width, head_width, 16.0, 16.0);
}

at::Tensor rope_table_t2i(int64_t height, int64_t width, int64_t head_width) {
  return rope_table(height, width, head_width, static_cast<double>(height), static_cast<double>(width));
}

at::Tensor rope_table_of_no_positions(int64_t length, int64_t head_width) {
  return rope_table(1, length, head_width, 0.0, 0.0);
}

at::Tensor cosine_product_code(int64_t height, int64_t width) {
  constexpr int64_t kFrequencies = 8;
  const auto [x, y] = grid_positions(at::linspace(0, 1, width), at::linspace(0, 1, height));
  const at::Tensor frequency = at::linspace(0, kFrequencies, kFrequencies);
  const at::Tensor cos_x = at::cos(at::outer(x, frequency) * std::numbers::pi).unsqueeze(2);  // [N, 8, 1]
  const at::Tensor cos_y = at::cos(at::outer(y, frequency) * std::numbers::pi).unsqueeze(1);  // [N, 1, 8]
  const at::Tensor damping = 1.0 / (1.0 + at::outer(frequency, frequency));                   // [8, 8]
  return (cos_x * cos_y * damping).reshape({height * width, kCoordinateWidth});
}

at::Tensor cosine_code(int64_t height, int64_t width, double extent) {
  const auto [x, y] = grid_positions(at::linspace(0, extent, width), at::linspace(0, extent, height));
  const at::Tensor exponent = at::arange(0, 2 * kCoordinateWidth, 4, at::kFloat) / (2.0 * kCoordinateWidth);
  const at::Tensor frequency = 1.0 / at::pow(10000.0, exponent);  // [32]
  return at::stack({at::cos(at::outer(x, frequency)), at::cos(at::outer(y, frequency))}, -1)
      .reshape({height * width, kCoordinateWidth});
}

at::Tensor timestep_features(const at::Tensor& t) {
  constexpr int64_t kHalf = kTimestepFeatures / 2;
  const at::Tensor k = at::arange(kHalf, at::TensorOptions().dtype(at::kFloat).device(t.device()));
  const at::Tensor frequency = at::exp(k * (-std::log(10.0)) / static_cast<double>(kHalf));
  const at::Tensor angle = at::outer(t.to(at::kFloat), frequency);
  return at::cat({at::cos(angle), at::sin(angle)}, -1);
}

at::Tensor GridTables::get(int64_t height, int64_t width, const at::Device& device) {
  if (const at::Tensor found = find(height, width, device); found.defined()) return found;
  const at::Tensor table = build_(height, width).to(device);
  insert({height, width, device, table});
  return table;
}

at::Tensor GridTables::find(int64_t height, int64_t width, const at::Device& device) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.height == height && entry.width == width && entry.device == device;
  });
  if (found == entries_.end()) return {};
  entries_.splice(entries_.begin(), entries_, found);
  return entries_.front().table;
}

void GridTables::insert(Entry entry) {
  const std::lock_guard lock(mutex_);
  entries_.push_front(std::move(entry));
  size_t count = 0, bytes = 0;
  const auto is_beyond = [&](const Entry& each) {
    bytes += each.table.nbytes();
    return ++count > 1 && (count > kMostTables || bytes > kMostBytes);
  };
  entries_.erase(std::find_if(entries_.begin(), entries_.end(), is_beyond), entries_.end());
}

}  // namespace pixnerd::nn
