#include "train/network_choice.h"

#include <optional>

#include "checkpoint/weights_file.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "sample/model_file.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

// Without the tensors: what they are is said when they are taken.
std::optional<sample::ModelDescription> network_in(const checkpoint::WeightsFile& file) {
  const auto entries = sample::named_entries(file);
  const sample::WeightSet set = sample::choose(entries, sample::Weights::prefer_ema, file.source());
  return sample::describe_weights({{}, {}, sample::shapes_of(entries, set), file.metadata(), "", file.source()});
}

// The labels are the pictures' own.
void take(const models::ModelConfig& network, RunConfig& config) {
  const models::ModelConfig before = config.model;
  config.model = network;
  config.model.num_classes = before.num_classes;
  config.model.num_styles = before.num_styles;
}

void follow_file(const fs::path& path, RunConfig& config) {
  const auto file = checkpoint::WeightsFile::open(path);
  const std::optional<sample::ModelDescription> found = network_in(*file);
  if (!found) return;  // what it lacks is said when its weights are taken
  const models::ModelConfig& network = found->model;
  if (network.takes_text() != config.model.takes_text()) {
    throw CheckpointError(concat("checkpoint ", quoted(file->source()), ": is of a network that takes ",
                                 network.takes_text() ? "texts, and this configuration has classes"
                                                      : "classes, and this configuration has texts",
                                 "; use one with model.type ", network.takes_text() ? "t2i" : "c2i"));
  }
  take(network, config);
  log_info(concat("the network is that of ", quoted(file->source()), ": width ", network.hidden_size, ", ",
                  network.transformer_blocks(), " transformer and ", network.field_blocks(),
                  " neural-field blocks, patches of ", network.patch_size, "x", network.patch_size));
  const auto [width, height] = found->sample.size;
  const int64_t side = config.data.image_size;
  if (width == side && height == side) return;
  log_info(concat("it has learnt pictures of ", width, "x", height, " and goes on with ", side, "x", side,
                  width == height ? concat("; data.image_size=", width, " keeps its size") : ""));
}

}  // namespace

void settle_network(RunConfig& config, const fs::path& out, const RunOptions& options) {
  if (!config.is_model_open) return;
  config.is_model_open = false;
  if (const auto before = RunFolder::configuration_to_resume(out, options.start)) {
    take(before->model, config);
  } else if (options.init) {
    follow_file(*options.init, config);
  } else if (options.resume_from) {
    follow_file(*options.resume_from, config);
  }
}

}  // namespace pixnerd::train
