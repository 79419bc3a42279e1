#include "train/resume.h"

#include <ATen/ops/aminmax.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "checkpoint/tensors.h"
#include "core/counted.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDifferencesTold = 3;

// The leaves of a configuration with their dotted keys, in its order.
void collect(const config::Value& value, const std::string& key,
             std::vector<std::pair<std::string, const config::Value*>>& leaves) {
  if (value.kind != config::Value::Kind::map) {
    leaves.emplace_back(key, &value);
    return;
  }
  for (const auto& [name, field] : value.fields) collect(field, key.empty() ? name : concat(key, ".", name), leaves);
}

bool is_same_folder(const std::string& a, const std::string& b) {
  std::error_code none;
  return fs::equivalent(a, b, none);
}

// Out of the way of the checkpoint that the run will write at this step, and never lost.
void set_aside(const fs::path& damaged, const std::string& reason) {
  fs::path aside = concat(damaged, ".damaged");
  for (int i = 2; fs::exists(fs::symlink_status(aside)); ++i) aside = concat(damaged, ".damaged-", i);
  fs::rename(damaged, aside);
  log_warning(
      concat(reason, "; it is now called ", quoted(aside.filename()), ", and the run goes on from the one before"));
}

// What is laid out anew where the length of the schedule changes.
void tell_schedule(const RunConfig& before, const RunConfig& now, int64_t step) {
  const int64_t old_length = before.train.schedule_length(), length = now.train.schedule_length();
  if (!has_schedule(now) || old_length == length) return;
  log_info(concat("train.schedule_steps is ", length, " and was ", old_length, ": the learning rate of step ", step + 1,
                  " is ", static_cast<float>(learning_rate(now.train, step)), " instead of ",
                  static_cast<float>(learning_rate(before.train, step))));
}

}  // namespace

std::span<const std::string_view> changeable_on_resume() {
  static constexpr std::string_view kKeys[] = {"data.path",
                                               "train.steps",
                                               "train.schedule_steps",
                                               "train.checkpoint_every",
                                               "train.keep_checkpoints",
                                               "train.average_every",
                                               "train.log_every",
                                               "train.validate_every",
                                               "train.validation_pictures",
                                               "train.sample_every",
                                               "train.sample_pictures",
                                               "data.workers",
                                               "data.cache_megabytes",
                                               "data.cache",
                                               "text.cache",
                                               "train.recompute_blocks",
                                               "train.recompute_field",
                                               "eval.every",
                                               "eval.pictures",
                                               "eval.metrics",
                                               "eval.reference",
                                               "eval.include",
                                               "eval.crop",
                                               "eval.network",
                                               "eval.weights",
                                               "eval.resize",
                                               "eval.precision",
                                               "eval.batch_size",
                                               "eval.seed",
                                               "repa.teacher",
                                               "repa.features",
                                               "perceptual.network"};
  return kKeys;
}

void check_resumable(const RunConfig& before, const RunConfig& now) {
  const config::Value old_tree = config::member_value(before), new_tree = config::member_value(now);
  std::vector<std::pair<std::string, const config::Value*>> old_leaves, new_leaves;
  collect(old_tree, "", old_leaves);
  collect(new_tree, "", new_leaves);
  const std::map<std::string, const config::Value*> now_by_key(new_leaves.begin(), new_leaves.end());
  const auto changeable = changeable_on_resume();
  std::vector<std::string> differences;
  for (const auto& [key, value] : old_leaves) {
    const auto other = now_by_key.find(key);
    if (other == now_by_key.end()) continue;  // of another kind of network only, whose type differs
    if (*value == *other->second || std::find(changeable.begin(), changeable.end(), key) != changeable.end()) continue;
    if (key == "text.encoder" && is_same_folder(value->scalar, other->second->scalar)) continue;
    differences.push_back(
        concat(key, " is ", config::to_line(*value), " in the run and ", config::to_line(*other->second), " now"));
    if (key == "model.type") break;  // says all
  }
  if (differences.empty()) return;
  const size_t told = std::min(differences.size(), kDifferencesTold);
  const std::string more = differences.size() > told
                               ? concat(", and ", counted(std::ssize(differences) - static_cast<int64_t>(told),
                                                          "more differs", "more differ"))
                               : std::string();
  differences.resize(told);
  throw ConfigError(concat("the run cannot be resumed with other settings: ", join(differences, "; "), more,
                           ". Only steps and intervals may change; for anything else start a new run, with --init to "
                           "begin from this one's weights"));
}

bool is_finite(const at::Tensor& tensor) {
  if (tensor.numel() == 0 || !tensor.is_floating_point()) return true;
  const auto [least, most] = at::aminmax(tensor.detach());  // NaN where there is any
  return std::isfinite(least.item<double>()) && std::isfinite(most.item<double>());
}

StoredRun read_run(const fs::path& path) {
  checkpoint::Loaded loaded = checkpoint::load_safetensors(path);
  StoredRun run{path,
                sample::read_step(loaded.metadata, path.string()).value_or(0),
                read_state(loaded.metadata, path.string()),
                {}};
  for (const auto& [name, tensor] : loaded.tensors) {
    if (!is_finite(tensor)) {
      throw CheckpointError(concat("checkpoint ", quoted(path), ": ", printable(name), " is not finite"));
    }
  }
  run.tensors = std::move(loaded.tensors);
  return run;
}

std::optional<StoredRun> stored_run(const RunFolder& folder) {
  std::vector<std::pair<fs::path, std::string>> damaged;
  std::optional<StoredRun> found;
  for (const auto& [step, path] : folder.checkpoints()) {
    std::error_code none;
    if (!fs::is_regular_file(path, none)) {
      damaged.emplace_back(path, concat("checkpoint ", quoted(path), " is no file"));
      continue;
    }
    try {
      found = read_run(path);
      break;
    } catch (const CheckpointError& error) {
      damaged.emplace_back(path, error.what());
    }
  }
  if (!found && !damaged.empty()) {
    throw CheckpointError(concat(damaged.front().second, "; no other in its folder is whole: copy one there, or begin ",
                                 "a new run in another --out"));
  }
  for (const auto& [path, reason] : damaged) set_aside(path, reason);
  return found;
}

void require_same_run(const StoredRun& stored, const RunConfig& config, uint64_t data_fingerprint) {
  const RunConfig& before = stored.state.config;
  check_resumable(before, config);
  if (stored.state.data_fingerprint != data_fingerprint) {
    throw DataError(concat("the pictures in ", quoted(config.data.path),
                           " are not those that the run began with, by their names in it and their labels; bring them "
                           "back, or start a new run with --init ",
                           stored.checkpoint));
  }
  if (before.data.path != config.data.path) {
    log_info(concat("data.path is ", quoted(config.data.path), " and was ", quoted(before.data.path),
                    ": the same pictures"));
  }
  tell_schedule(before, config, stored.step);
}

}  // namespace pixnerd::train
