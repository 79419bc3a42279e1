#include "train/rebuilt_average.h"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/accumulate.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "core/counted.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

// Of a snapshot whose part in the sum is below what float32 holds; early ones need not be read then.
constexpr double kNegligible = 1e-7;

std::string three_digits(double length) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", length);
  return text;
}

CheckpointError error_in(const std::string& source, const std::string& what) {
  return CheckpointError(concat("snapshot ", quoted(source), ": ", what));
}

}  // namespace

StoredAverages::StoredAverages(const fs::path& run, std::optional<int64_t> step) : run_(run) {
  const std::vector<Snapshot> all = snapshots_in(run);
  if (all.empty()) {
    throw DataError(concat(quoted(run),
                           " holds no snapshots of averages (averages/step-*-sigma*.safetensors); a run stores them "
                           "with train.average_every"));
  }
  step_ = step.value_or(all.back().profile.step);
  for (const Snapshot& each : all) {
    if (each.profile.step <= step_) snapshots_.push_back(each);
  }
  if (!snapshots_.empty()) return;
  throw DataError(
      concat(quoted(run), " has no snapshots until step ", step_, "; the first is of step ", all.front().profile.step));
}

std::vector<PowerProfile> StoredAverages::profiles() const {
  std::vector<PowerProfile> profiles;
  for (const Snapshot& each : snapshots_) profiles.push_back(each.profile);
  return profiles;
}

std::optional<std::array<double, 2>> StoredAverages::reach() const {
  return lengths_within_reach(profiles(), step_);
}

Combination StoredAverages::combination(double sigma_rel) const {
  const bool is_length = sigma_rel >= kShortestLength && sigma_rel <= kLongestLength;
  if (is_length) {
    Combination found = combine(profiles(), {step_, sigma_rel});
    if (found.is_near()) return found;
  }
  const auto within = reach();
  if (!within) {
    throw RequestError(concat("no average can be rebuilt at step ", step_, "; the last snapshot until then is of step ",
                              snapshots_.back().profile.step));
  }
  throw RequestError(concat("an average of length ", sigma_rel, " cannot be rebuilt at step ", step_, " from ",
                            counted(std::ssize(snapshots_), "snapshot", "snapshots"), "; lengths from ",
                            three_digits((*within)[0] + 0.0005), " to ", three_digits((*within)[1] - 0.0005), " can"));
}

RebuiltAverage::RebuiltAverage(const StoredAverages& stored, double sigma_rel)
    : sigma_rel_(sigma_rel), step_(stored.step()) {
  const Combination combination = stored.combination(sigma_rel);
  error_ = combination.error;
  for (size_t i = stored.snapshots().size(); i-- > 0;) {  // the newest says what network it is
    if (std::abs(combination.weights[i]) >= kNegligible) open(stored.snapshots()[i], combination.weights[i]);
  }
}

void RebuiltAverage::open(const Snapshot& snapshot, double weight) {
  Part part{weight, checkpoint::load_safetensors(snapshot.path), snapshot.path.string()};
  if (sample::read_step(part.file.metadata, part.source) != snapshot.profile.step) {
    throw error_in(part.source, "is not of the step in its name");
  }
  const auto length = part.file.metadata.find(kSigmaRelKey);
  if (length == part.file.metadata.end() || length->second != shortest(snapshot.profile.sigma_rel)) {
    throw error_in(part.source, "is not of the length in its name");
  }
  std::map<std::string, at::Tensor> named;
  for (auto& [name, tensor] : part.file.tensors) {
    if (!name.starts_with(sample::kEmaPrefix) || !tensor.is_floating_point()) {
      throw error_in(part.source, concat("holds ", printable(name), ", which is no part of an average"));
    }
    named.emplace(name.substr(sample::kEmaPrefix.size()), tensor);
  }
  part.file.tensors = std::move(named);
  if (parts_.empty()) {
    const auto description = sample::read_description(part.file.metadata, part.source);
    if (!description) throw error_in(part.source, "does not say what network it is of");
    description_ = *description;
    for (const auto& [name, tensor] : part.file.tensors) names_.push_back(name);
  } else {
    const auto& first = parts_.front().file.tensors;
    checkpoint::check_names_and_shapes({first.begin(), first.end()}, part.file.tensors,
                                       concat("snapshot ", quoted(part.source)));
  }
  parts_.push_back(std::move(part));
}

at::IntArrayRef RebuiltAverage::shape(const std::string& parameter) const {
  return parts_.front().file.tensors.at(parameter).sizes();
}

uint64_t RebuiltAverage::bytes() const {
  uint64_t elements = 0;
  for (const std::string& name : names_) elements += static_cast<uint64_t>(c10::multiply_integers(shape(name)));
  return elements * sizeof(float);
}

at::Tensor RebuiltAverage::tensor(const std::string& parameter) const {
  const c10::NoGradGuard no_grad;
  at::Tensor sum = at::zeros(shape(parameter), at::kDouble);
  for (const Part& part : parts_) sum.add_(part.file.tensors.at(parameter).to(at::kDouble), part.weight);
  return sum.to(at::kFloat);
}

sample::ModelFile RebuiltAverage::network() const {
  sample::ModelFile file;
  file.description = description_;
  file.step = step_;
  file.weights = "ema_denoiser";
  file.network = models::make_network(description_.model);
  std::map<std::string, at::Tensor> tensors;
  for (const std::string& name : names_) tensors.emplace(name, tensor(name));
  file.network->adopt(tensors, parts_.front().source);
  for (const Part& part : parts_) checkpoint::require_unchanged(part.file.tensors);
  return file;
}

void RebuiltAverage::write(const fs::path& path, const std::function<void(size_t)>& tensor_done) const {
  std::vector<checkpoint::TensorEntry> entries;
  for (const std::string& name : names_) {
    const size_t bytes = static_cast<size_t>(c10::multiply_integers(shape(name))) * sizeof(float);
    entries.push_back({concat(sample::kEmaPrefix, name), checkpoint::DType::F32, shape(name).vec(), nullptr, bytes});
  }
  checkpoint::Metadata metadata = sample::describe(description_, step_);
  metadata[kSigmaRelKey] = shortest(sigma_rel_);
  at::Tensor current;
  size_t done = 0;
  checkpoint::write_safetensors(path, entries, metadata, [&](size_t index) -> std::span<const std::byte> {
    current = tensor(names_[index]);
    for (const Part& part : parts_) {
      checkpoint::require_unchanged({{names_[index], part.file.tensors.at(names_[index])}});
    }
    if (tensor_done) tensor_done(++done);
    return {static_cast<const std::byte*>(current.const_data_ptr()), current.nbytes()};
  });
}

}  // namespace pixnerd::train
