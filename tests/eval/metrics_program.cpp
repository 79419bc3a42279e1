// The C++ half of torch_fidelity_test.py: metrics_program IN OUT reads features (safetensors: reference, generated,
// logits, and kid_rows [subsets, 2, size] of generated and reference rows) and writes the metrics of them.
#include <ATen/ATen.h>

#include <cstdio>
#include <exception>

#include "checkpoint/tensors.h"
#include "eval/gaussian.h"
#include "eval/inception_score.h"
#include "eval/kernel_distance.h"
#include "eval/precision_recall.h"

namespace pixnerd::eval {
namespace {

constexpr int64_t kSplits = 10, kNeighbours = 3;

void run(const char* in, const char* out) {
  const checkpoint::Loaded given = checkpoint::load_safetensors(in);
  const at::Tensor reference = given.tensors.at("reference"), generated = given.tensors.at("generated");
  const at::Tensor logits = given.tensors.at("logits"), rows = given.tensors.at("kid_rows");
  checkpoint::NamedTensors metrics;
  const auto put = [&](const char* name, double value) {
    metrics.emplace_back(name, at::scalar_tensor(value, at::kDouble));
  };
  put("fid", FrechetDistance(gaussian_of(reference)).to(gaussian_of(generated)));
  const InceptionScore score = inception_score(logits, equal_splits(logits.size(0), kSplits));
  put("is_mean", score.mean);
  put("is_deviation", score.deviation);
  const auto share = [](const at::Tensor& inside) { return inside.to(at::kDouble).mean().item<double>(); };
  put("precision", share(covered(generated, reference, squared_radii(reference, kNeighbours))));
  put("recall", share(covered(reference, generated, squared_radii(generated, kNeighbours))));
  std::vector<double> subsets;
  for (int64_t i = 0; i < rows.size(0); ++i) {
    subsets.push_back(
        squared_discrepancy(generated.index_select(0, rows[i][0]), reference.index_select(0, rows[i][1])));
  }
  const KernelDistance distance = kernel_distance(std::move(subsets));
  put("kid_mean", distance.mean);
  put("kid_deviation", distance.deviation);
  checkpoint::save_safetensors(out, metrics);
}

}  // namespace
}  // namespace pixnerd::eval

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    pixnerd::eval::run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
