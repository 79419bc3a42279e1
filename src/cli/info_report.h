// What `pixnerd info` knows of a checkpoint, and how it says it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "checkpoint/weights_file.h"
#include "sample/model_file.h"
#include "sample/weight_sets.h"

namespace pixnerd::cli {

struct CheckpointFacts {
  std::shared_ptr<const checkpoint::WeightsFile> file;
  std::vector<sample::NamedEntry> entries;
  sample::WeightSet used = sample::WeightSet::bare;  // the set that is drawn from
  std::optional<int64_t> step;
  std::optional<sample::ModelDescription> description;  // none: no network that pixnerd knows
  bool guessed = false;                                 // it is told from the shapes
};

// Errors as sample::load_model's, but for weights that are not there.
CheckpointFacts facts_of(std::shared_ptr<const checkpoint::WeightsFile> file);

// On standard output.
void print_summary(const CheckpointFacts& facts);
void print_tensors(const CheckpointFacts& facts);        // name, type and shape of each
void print_classes(const CheckpointFacts& facts);        // number and name of each class and style
void print_configuration(const CheckpointFacts& facts);  // YAML
void print_json(const CheckpointFacts& facts);           // all of it on one line

}  // namespace pixnerd::cli
