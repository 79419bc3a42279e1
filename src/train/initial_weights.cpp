#include "train/initial_weights.h"

#include "checkpoint/quantised.h"
#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/text.h"
#include "sample/model_file.h"

namespace pixnerd::train {
namespace {

// A table's rows, the null label not counted.
int64_t labels_in(const at::Tensor& table) {
  return table.dim() == 2 ? table.size(0) - 1 : 0;
}

std::string made_anew(const std::string& name, const at::Tensor& table, const at::Tensor* stored) {
  const char* what = name.find("style") == std::string::npos ? " classes" : " styles";
  return concat(name, " is made anew: ",
                stored == nullptr ? concat("the file has none") : concat(labels_in(*stored), what, " in the file"),
                ", ", labels_in(table), what, " now");
}

}  // namespace

std::string take_weights(models::Network& network, const std::filesystem::path& path) {
  auto stored = sample::load_weights(path).tensors;
  if (checkpoint::has_quantised(stored)) {
    throw CheckpointError(concat("checkpoint ", quoted(path),
                                 ": is in int8, for drawing alone; begin with the file that it was made from"));
  }
  checkpoint::NamedTensors taken;
  std::string kept;
  for (const auto& [name, parameter] : network.parameters()) {
    const auto found = stored.find(name);
    const at::Tensor* tensor = found == stored.end() ? nullptr : &found->second;
    const bool is_table = name.starts_with("y_embedder.");
    if (!is_table || (tensor != nullptr && tensor->sizes() == parameter.sizes())) {
      taken.emplace_back(name, parameter);
      continue;
    }
    kept += concat(kept.empty() ? "" : "; ", made_anew(name, parameter, tensor));
    if (tensor != nullptr) stored.erase(found);
  }
  // A table of styles that this network has no use for.
  if (network.config().num_styles == 0) stored.erase("y_embedder.style_table.weight");
  checkpoint::copy_into(taken, stored, path.string());
  return kept;
}

}  // namespace pixnerd::train
