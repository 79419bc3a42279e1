#include "models/frozen_weights.h"

#include <ATen/ops/empty.h>

#include "core/hash.h"

namespace pixnerd::models {
namespace {

bool is_for_training(const std::string& name) {
  return name.ends_with(".num_batches_tracked");
}

}  // namespace

FrozenWeights load_frozen_weights(const std::filesystem::path& path) {
  const auto file = checkpoint::WeightsFile::open(path);
  FrozenWeights weights{{}, file->source()};
  for (const checkpoint::StridedEntry& entry : file->entries()) {
    const size_t last = entry.name.rfind('/');
    weights.tensors.emplace(last == std::string::npos ? entry.name : entry.name.substr(last + 1),
                            checkpoint::tensor_of(file, entry));
  }
  return weights;
}

void check_frozen_weights(const checkpoint::NamedTensors& expected, const FrozenWeights& weights) {
  auto counted = weights.tensors;
  std::erase_if(counted, [](const auto& each) { return is_for_training(each.first); });
  checkpoint::check_names_and_shapes(expected, counted, weights.source);
}

at::Tensor expected_tensor(at::IntArrayRef shape) {
  return at::empty(shape, at::TensorOptions(at::kFloat).device(at::kMeta));
}

uint64_t fingerprint_of(const std::map<std::string, at::Tensor>& tensors) {
  uint64_t hash = kEmptyHash;
  for (const auto& [name, tensor] : tensors) {
    if (is_for_training(name)) continue;
    const at::Tensor values = tensor.to(at::kCPU, at::kFloat).contiguous();
    hash = hash_of(name, hash);
    hash = hash_of({static_cast<const char*>(values.const_data_ptr()), values.nbytes()}, hash);
  }
  return hash;
}

}  // namespace pixnerd::models
