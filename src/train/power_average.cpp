#include "train/power_average.h"

#include <ATen/Parallel.h>
#include <ATen/ops/_foreach_lerp.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "train/power_profile.h"

namespace pixnerd::train {
namespace {

// A part of one parameter, small enough that it stays in the cache while its averages are formed.
struct Piece {
  const float* values;
  std::vector<float*> averages;
  int64_t size;
};

constexpr int64_t kPieceSize = int64_t{1} << 14;

void follow(float* average, const float* values, int64_t size, float weight) {
  for (int64_t i = 0; i < size; ++i) average[i] += weight * (values[i] - average[i]);
}

}  // namespace

PowerAverages::PowerAverages(const std::vector<at::Tensor>& parameters, const std::vector<double>& sigma_rel)
    : sigma_rel_(sigma_rel), averages_(sigma_rel.size()) {
  const c10::NoGradGuard no_grad;
  for (const double each : sigma_rel_) gamma_.push_back(gamma_of(each));
  for (std::vector<at::Tensor>& average : averages_) {
    for (const at::Tensor& parameter : parameters) {
      average.push_back(parameter.detach().clone(at::MemoryFormat::Contiguous));
    }
  }
}

void PowerAverages::update(const std::vector<at::Tensor>& parameters, int64_t step) {
  if (averages_.empty() || parameters.empty()) return;
  const c10::NoGradGuard no_grad;
  std::vector<double> weights;
  for (const double gamma : gamma_) weights.push_back(1.0 - power_decay(gamma, step));
  if (!parameters.front().is_cpu()) {
    for (size_t a = 0; a < size(); ++a) at::_foreach_lerp_(averages_[a], parameters, weights[a]);
    return;
  }
  std::vector<at::Tensor> values;  // kept while their pointers are used
  std::vector<Piece> pieces;
  for (size_t p = 0; p < parameters.size(); ++p) {
    const at::Tensor& tensor = values.emplace_back(parameters[p].contiguous());
    for (int64_t begin = 0; begin < tensor.numel(); begin += kPieceSize) {
      Piece& piece = pieces.emplace_back(
          Piece{tensor.const_data_ptr<float>() + begin, {}, std::min(kPieceSize, tensor.numel() - begin)});
      for (const auto& average : averages_) piece.averages.push_back(average[p].mutable_data_ptr<float>() + begin);
    }
  }
  at::parallel_for(0, static_cast<int64_t>(pieces.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Piece& piece = pieces[static_cast<size_t>(i)];
      for (size_t a = 0; a < weights.size(); ++a) {
        follow(piece.averages[a], piece.values, piece.size, static_cast<float>(weights[a]));
      }
    }
  });
}

}  // namespace pixnerd::train
