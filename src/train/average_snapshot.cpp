#include "train/average_snapshot.h"

#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <system_error>
#include <tuple>

#include "core/errors.h"
#include "core/text.h"
#include "core/uncommitted_file.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "step-", kMiddle = "-sigma", kEnding = ".safetensors";

// As it is stored.
at::Tensor shortened(const at::Tensor& tensor) {
  const at::Tensor half = tensor.detach().to(at::kHalf);
  return at::isfinite(half).all().item<bool>() ? half : tensor.detach();
}

template <class Number>
bool reads_as(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

// The inverse of a file's name; nothing for other names.
std::optional<PowerProfile> profile_of(std::string_view name) {
  const size_t middle = name.find(kMiddle);
  if (!name.starts_with(kPrefix) || !name.ends_with(kEnding) || middle == std::string_view::npos) return {};
  const size_t length = middle + kMiddle.size();
  if (length + kEnding.size() > name.size()) return {};
  PowerProfile profile;
  if (!reads_as(name.substr(kPrefix.size(), middle - kPrefix.size()), profile.step) || profile.step < 1) return {};
  if (!reads_as(name.substr(length, name.size() - length - kEnding.size()), profile.sigma_rel)) return {};
  if (!(profile.sigma_rel >= kShortestLength && profile.sigma_rel <= kLongestLength)) return {};
  return profile;
}

}  // namespace

fs::path snapshot_path(const fs::path& run, const PowerProfile& profile) {
  char name[64];
  std::snprintf(name, sizeof name, "step-%08lld-sigma%.3f.safetensors", static_cast<long long>(profile.step),
                profile.sigma_rel);
  return run / kAverages / name;
}

void write_snapshot(const fs::path& run, const PowerProfile& profile, const checkpoint::NamedTensors& average,
                    const sample::ModelDescription& description) {
  const c10::NoGradGuard no_grad;
  checkpoint::NamedTensors stored;
  for (const auto& [name, tensor] : average) {
    stored.emplace_back(concat(sample::kEmaPrefix, name), shortened(tensor));
  }
  checkpoint::Metadata metadata = sample::describe(description, profile.step);
  metadata[kSigmaRelKey] = shortest(profile.sigma_rel);
  const fs::path path = snapshot_path(run, profile);
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  if (failed) throw DataError(concat("cannot make folder ", quoted(path.parent_path()), ": ", failed.message()));
  checkpoint::save_safetensors(path, stored, metadata);
}

std::vector<Snapshot> snapshots_in(const fs::path& run) {
  std::vector<Snapshot> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run / kAverages, none)) {
    if (const auto profile = profile_of(entry.path().filename().string())) found.push_back({*profile, entry.path()});
  }
  const auto order = [](const Snapshot& each) {
    return std::tuple(each.profile.step, each.profile.sigma_rel, each.path);
  };
  std::sort(found.begin(), found.end(), [&](const Snapshot& a, const Snapshot& b) { return order(a) < order(b); });
  return found;
}

void remove_snapshots_after(const fs::path& run, int64_t step) {
  std::error_code ignored;
  if (!fs::is_directory(run / kAverages, ignored)) return;
  remove_abandoned_files(run / kAverages);
  for (const Snapshot& each : snapshots_in(run)) {
    if (each.profile.step > step) fs::remove(each.path, ignored);
  }
}

}  // namespace pixnerd::train
