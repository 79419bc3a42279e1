#include "train/run_folder.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "core/uncommitted_file.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigName = "config.yaml";
constexpr const char* kLockName = "run.lock";
constexpr const char* kLogName = "log.jsonl";
constexpr const char* kReferenceName = "reference.safetensors";
constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kSamples = "samples";
constexpr std::string_view kPrefix = "step-", kEnding = ".safetensors";

std::string step_name(int64_t step, std::string_view ending) {
  char name[64];
  std::snprintf(name, sizeof name, "%s%08lld", std::string(kPrefix).c_str(), static_cast<long long>(step));
  return concat(name, ending);
}

// The step in "step-00000040.safetensors"; nothing for other names.
std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kEnding)) return {};
  const char* begin = name.data() + kPrefix.size();
  const char* end = name.data() + name.size() - kEnding.size();
  int64_t step = 0;
  const auto [stopped, error] = std::from_chars(begin, end, step);
  if (error != std::errc{} || stopped != end || step < 0) return {};
  return step;
}

std::vector<std::pair<int64_t, fs::path>> checkpoints_in(const fs::path& run) {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run / kCheckpoints, none)) {
    if (const auto step = step_of(entry.path().filename().string())) found.emplace_back(*step, entry.path());
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

enum class Content {
  nothing,    // or what a run leaves that was killed before its first step
  begun,      // a run without a checkpoint
  stored,     // a run with one
  strangers,  // no run
};

// Whether an entry of a run's folder is worth nothing: made at its start, and empty but for the configuration.
bool is_blank(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  std::error_code none;
  if (name == kCheckpoints || name == kSamples || name == kLogName) return fs::is_empty(entry.path(), none);
  return name == kLockName || name == kConfigName || name == kReferenceName || is_uncommitted(entry.path());
}

Content look_at(const fs::path& path) {
  if (!fs::exists(path)) return Content::nothing;
  if (!fs::is_directory(path)) throw DataError(concat(quoted(path), " is no folder"));
  if (!checkpoints_in(path).empty()) return Content::stored;
  if (fs::is_empty(path)) return Content::nothing;
  const bool is_run =
      fs::exists(path / kLockName) || (fs::exists(path / kConfigName) && fs::exists(path / kCheckpoints));
  if (!is_run) return Content::strangers;
  const bool blank = std::all_of(fs::directory_iterator(path), fs::directory_iterator(), is_blank);
  return blank ? Content::nothing : Content::begun;
}

// Folders that are not there yet, outer ones first.
std::vector<fs::path> missing_folders(const fs::path& path) {
  std::vector<fs::path> missing;
  for (fs::path each = path; !each.empty() && !fs::exists(each); each = each.parent_path()) missing.push_back(each);
  std::reverse(missing.begin(), missing.end());
  return missing;
}

}  // namespace

void RunFolder::require(const fs::path& path, Start start) {
  const Content content = look_at(path);
  const std::string folder = concat("folder ", quoted(path));
  if (content == Content::stored && start != Start::anew) return;
  if (content == Content::nothing && start != Start::resume) return;
  if (content == Content::begun && start == Start::resume_or_anew) return;
  if (content == Content::stored) {
    throw DataError(concat(folder, " is not empty; --resume goes on with the run in it, another --out begins one"));
  }
  if (content == Content::strangers && start != Start::resume) {
    throw DataError(concat(folder, " is not empty and holds no run; give an empty or a new folder"));
  }
  if (content == Content::begun && start == Start::anew) {
    throw DataError(
        concat(folder, " is not empty; its run stored no checkpoint, and --resume --or-new begins it anew"));
  }
  if (content == Content::begun) {
    throw NothingToResume(concat("the run in ", folder, " stored no checkpoint; --resume --or-new begins it anew"));
  }
  throw NothingToResume(
      concat(folder, content == Content::nothing ? " has" : " is not empty, but has", " no run to resume",
             content == Content::nothing ? "; to begin one leave --resume out, or add --or-new" : ""));
}

std::optional<RunConfig> RunFolder::configuration_to_resume(const fs::path& path, Start start) {
  std::error_code none;
  const fs::path file = path / kConfigName;
  if (start == Start::anew || !fs::is_regular_file(file, none) || checkpoints_in(path).empty()) return {};
  RunConfig config;
  try {
    const config::Value document = config::load(file);
    if (document.find("model") == nullptr) return {};
    config::read(document, config);
  } catch (const ConfigError& error) {
    log_warning(concat(error.what(), "; the network is taken to be that of the configuration given"));
    return {};
  }
  return config;
}

RunFolder RunFolder::open(const fs::path& path, Start start) {
  require(path, start);
  std::vector<fs::path> to_remove;
  if (look_at(path) == Content::nothing) {
    to_remove = missing_folders(path);
    for (const char* name : {kCheckpoints, kSamples, kLockName, kConfigName, kLogName, kReferenceName}) {
      to_remove.push_back(path / name);
    }
  }
  fs::create_directories(path);
  FileLock lock(path / kLockName, "another training is at work in this folder; stop it first or use another --out");
  RunFolder folder(path, std::move(lock), std::move(to_remove));
  fs::create_directories(path / kCheckpoints);
  for (const fs::path& each : {path, path / kCheckpoints, path / kSamples}) remove_abandoned_files(each);
  return folder;
}

RunFolder::~RunFolder() {
  std::error_code ignored;
  for (auto each = to_remove_.rbegin(); each != to_remove_.rend(); ++each) fs::remove(*each, ignored);
}

std::vector<std::pair<int64_t, fs::path>> RunFolder::checkpoints() const {
  return checkpoints_in(path_);
}

void RunFolder::write(const RunConfig& config) const {
  write_file_atomically(path_ / kConfigName, [&](std::ostream& file) { file << config::dump(config); });
}

fs::path RunFolder::save(const checkpoint::NamedTensors& tensors, const sample::ModelDescription& description,
                         const RunState& state, int64_t step) const {
  const fs::path path = checkpoints_path() / step_name(step, kEnding);
  checkpoint::save_safetensors(path, tensors, metadata_of(description, state, step));

  if (const auto keep = state.config.train.keep_checkpoints) {
    const auto found = checkpoints();
    for (auto i = static_cast<size_t>(*keep); i < found.size(); ++i) fs::remove(found[i].second);
  }
  return path;
}

fs::path RunFolder::checkpoints_path() const {
  return path_ / kCheckpoints;
}

fs::path RunFolder::sample_path(int64_t step) const {
  fs::create_directories(path_ / kSamples);
  return path_ / kSamples / step_name(step, ".png");
}

fs::path RunFolder::reference_path() const {
  return path_ / kReferenceName;
}

}  // namespace pixnerd::train
