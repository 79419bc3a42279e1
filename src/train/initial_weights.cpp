#include "train/initial_weights.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "checkpoint/quantised.h"
#include "checkpoint/tensors.h"
#include "core/counted.h"
#include "core/errors.h"
#include "core/text.h"
#include "sample/label_names.h"

namespace pixnerd::train {
namespace {

constexpr const char *kClassTable = "y_embedder.embedding_table.weight", *kStyleTable = "y_embedder.style_table.weight";

struct Names {
  std::vector<std::string> now, stored;
  const char* kind;   // "class"
  const char* kinds;  // "classes"
};

// A table's rows, the null label not counted.
int64_t labels_in(const at::Tensor& table) {
  return table.dim() == 2 ? table.size(0) - 1 : 0;
}

std::string made_anew(const at::Tensor& table, const at::Tensor* stored, const Names& names) {
  const std::string before =
      stored == nullptr ? std::string("none") : counted(labels_in(*stored), names.kind, names.kinds);
  return concat("the ", counted(labels_in(table), names.kind, names.kinds), labels_in(table) == 1 ? " is" : " are",
                " made anew: the file has ", before,
                names.now.empty() || names.stored.empty() ? ", and not both sides have names to go by" : "");
}

bool have_names_for(const Names& names, const at::Tensor& table, const at::Tensor& stored) {
  return !names.now.empty() && !names.stored.empty() && stored.dim() == 2 && stored.size(1) == table.size(1) &&
         std::ssize(names.now) == labels_in(table) && std::ssize(names.stored) == labels_in(stored);
}

// Rows by name. Nothing is said where every row is where it was.
std::string take_rows(const at::Tensor& table, const at::Tensor& stored, const Names& names) {
  const c10::NoGradGuard no_grad;
  const std::vector<int64_t> places = sample::namesakes(names.now, names.stored);
  constexpr size_t kShown = 5;
  std::vector<std::string> anew;
  int64_t missing = 0;
  bool moved = table.size(0) != stored.size(0);
  table[-1].copy_(stored[-1]);
  for (int64_t i = 0; i < std::ssize(places); ++i) {
    const int64_t place = places[static_cast<size_t>(i)];
    moved |= place != i;
    if (place >= 0) {
      table[i].copy_(stored[place]);
    } else if (++missing; anew.size() < kShown) {
      anew.push_back(printable(sample::described_label(i, std::ssize(places), names.now, names.kind)));
    }
  }
  if (!moved) return "";
  return concat(std::ssize(places) - missing, " of ", counted(std::ssize(places), names.kind, names.kinds),
                places.size() == 1 ? " takes the row of its namesake" : " take the rows of their namesakes",
                " in the file", missing > 0 ? concat("; made anew: ", join(anew, ", ")) : "",
                missing > std::ssize(anew) ? concat(" and ", missing - std::ssize(anew), " more") : "");
}

// What makes the parameters' shapes, but for the tables of labels. The decoders of text have the same parameters.
bool is_of_shapes(const std::string& key) {
  return key != "num_classes" && key != "num_styles" && key != "label_init_std" && key != "prediction" &&
         key != "noise_scale" && !key.starts_with("decoder_");
}

void check_sizes(const models::ModelConfig& config, const std::optional<sample::ModelDescription>& stored,
                 const std::string& source) {
  if (!stored) return;
  const config::Value now = config::member_value(config), before = config::member_value(stored->model);
  std::vector<std::string> differences;
  for (const auto& [key, value] : before.fields) {
    const bool is_type = key == "type";
    const config::Value* const other = now.find(key);
    if (other == nullptr || !is_of_shapes(key) || *other == value) continue;
    if (is_type && stored->model.takes_text() == config.takes_text()) continue;
    differences.push_back(
        concat("model.", key, " ", config::to_line(value), ", the config needs ", config::to_line(*other)));
    if (is_type) break;  // says all
  }
  if (differences.empty()) return;
  throw CheckpointError(concat("checkpoint ", quoted(source), ": its network has ", join(differences, "; "),
                               "; to train that of the file, say none of its sizes in `model`"));
}

// Network and file must mean the same by what the last layer gives, and by the noise of the path it belongs to.
void check_prediction(const models::ModelConfig& config, const std::optional<sample::ModelDescription>& stored,
                      const std::string& source) {
  if (!stored) return;
  if (const double scale = stored->model.noise_scale; scale != config.noise_scale) {
    throw CheckpointError(concat("checkpoint ", quoted(source), ": its network was trained with noise of scale ", scale,
                                 ", this one has ", config.noise_scale, "; set model.noise_scale=", scale,
                                 ", or take the weights all the same with ", "--init-other-prediction"));
  }
  if (stored->model.prediction == config.prediction) return;
  const auto name = [](models::Prediction prediction) {
    return prediction == models::Prediction::image ? "image" : "velocity";
  };
  throw CheckpointError(concat("checkpoint ", quoted(source), ": its network predicts the ",
                               name(stored->model.prediction), ", this one the ", name(config.prediction),
                               "; set model.prediction=", name(stored->model.prediction),
                               ", or take the weights all the same with ", "--init-other-prediction"));
}

}  // namespace

std::string take_weights(models::Network& network, const sample::ModelDescription& description,
                         const std::filesystem::path& path, bool other_prediction) {
  sample::StoredWeights weights = sample::load_weights(path);
  auto& stored = weights.tensors;
  if (checkpoint::has_quantised(stored)) {
    throw CheckpointError(concat("checkpoint ", quoted(weights.source),
                                 ": is in int8, for drawing alone; begin with the file that it was made from"));
  }
  sample::require_computable(weights, network.parameters());
  const auto before = sample::describe_weights(weights);
  check_sizes(network.config(), before, weights.source);
  if (!other_prediction) check_prediction(network.config(), before, weights.source);

  struct Table {
    at::Tensor now, stored;
    Names names;
  };
  std::vector<Table> by_name;
  checkpoint::NamedTensors taken;
  std::vector<std::string> said;
  for (const auto& [name, parameter] : network.parameters()) {
    const auto found = stored.find(name);
    const at::Tensor* tensor = found == stored.end() ? nullptr : &found->second;
    if (name != kClassTable && name != kStyleTable) {
      taken.emplace_back(name, parameter);
      continue;
    }
    const bool is_classes = name == kClassTable;
    const auto names_of = [&](const sample::ModelDescription& side) {
      return is_classes ? sample::class_names(side) : side.styles;
    };
    const Names names{names_of(description), before ? names_of(*before) : std::vector<std::string>(),
                      is_classes ? "class" : "style", is_classes ? "classes" : "styles"};
    if (tensor != nullptr && have_names_for(names, parameter, *tensor)) {
      by_name.push_back({parameter, *tensor, names});
      stored.erase(found);
    } else if (tensor != nullptr && tensor->sizes() == parameter.sizes()) {
      taken.emplace_back(name, parameter);
    } else {
      said.push_back(made_anew(parameter, tensor, names));
      if (tensor != nullptr) stored.erase(found);
    }
  }
  // A table of styles that this network has no use for.
  if (network.config().num_styles == 0) stored.erase(kStyleTable);
  checkpoint::copy_into(taken, stored, weights.source);
  for (const Table& table : by_name) {
    const std::string moved = take_rows(table.now, table.stored, table.names);
    if (!moved.empty()) said.push_back(moved);
  }
  return join(said, "; ");
}

}  // namespace pixnerd::train
