#include "train/run_folder.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <locale>
#include <sstream>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigName = "config.yaml";
constexpr const char* kLockName = "run.lock";
constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kSamples = "samples";
constexpr std::string_view kPrefix = "step-", kEnding = ".safetensors";

// Keys of a checkpoint's metadata.
constexpr const char* kRunKey = "pixnerd.run";
constexpr const char* kDataKey = "pixnerd.data";
constexpr const char* kWindowKey = "pixnerd.since_log_line";

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

bool is_run_folder(const fs::path& path) {
  return fs::exists(path / kConfigName) || fs::exists(path / kCheckpoints) || fs::exists(path / kLockName);
}

// Left by a process that was killed while it wrote.
void remove_partial_files(const fs::path& folder) {
  if (!fs::is_directory(folder)) return;
  std::vector<fs::path> partial;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".pixnerd-") && name.ends_with(".partial")) partial.push_back(entry.path());
  }
  for (const fs::path& each : partial) fs::remove(each);
}

std::string window_text(const LossByTime& window) {
  std::string text;
  for (size_t i = 0; i < kTimeBuckets; ++i) text += concat(i == 0 ? "" : " ", window.count[i], " ", window.sum[i]);
  return text;
}

CheckpointError damaged(const fs::path& path, const std::string& what) {
  return CheckpointError(
      concat("checkpoint '", path.string(), "': ", what, "; move it away to resume from the one before"));
}

LossByTime read_window(const std::string& text, const fs::path& path) {
  LossByTime window;
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  for (size_t i = 0; i < kTimeBuckets; ++i) in >> window.count[i] >> window.sum[i];
  if (!in) throw damaged(path, concat("its ", kWindowKey, " is not ten pairs of numbers"));
  return window;
}

RunState read_state(const checkpoint::Metadata& metadata, const fs::path& path) {
  const auto text = [&](const char* key) -> const std::string& {
    const auto found = metadata.find(key);
    if (found != metadata.end()) return found->second;
    throw CheckpointError(concat("checkpoint '", path.string(), "' has no '", key,
                                 "' in its metadata, so it is not of a run that can be resumed; use --init to start ",
                                 "from its weights"));
  };
  RunState state;
  try {
    config::read(config::parse(text(kRunKey), kRunKey), state.config);
  } catch (const ConfigError& error) {
    throw damaged(path, error.what());
  }
  const std::string& fingerprint = text(kDataKey);
  const char* end = fingerprint.data() + fingerprint.size();
  if (std::from_chars(fingerprint.data(), end, state.data_fingerprint, 16).ptr != end) {
    throw damaged(path, concat("its ", kDataKey, " is no hexadecimal number"));
  }
  state.since_log_line = read_window(text(kWindowKey), path);
  return state;
}

}  // namespace

RunFolder RunFolder::open(const fs::path& path, bool resume) {
  const bool empty = !fs::exists(path) || (fs::is_directory(path) && fs::is_empty(path));
  if (!empty && !fs::is_directory(path)) throw DataError(concat("'", path.string(), "' is no folder"));
  if (!empty && !resume) {
    throw DataError(concat("folder '", path.string(), "' is not empty; give an empty or a new folder for the run",
                           is_run_folder(path) ? ", or --resume to go on with the run in it" : ""));
  }
  if (!empty && !is_run_folder(path)) {
    throw DataError(concat("folder '", path.string(), "' is not empty and holds no run to resume (no ", kConfigName,
                           ", no ", kCheckpoints, "); give an empty or a new folder"));
  }
  fs::create_directories(path);
  FileLock lock(path / kLockName, "another training is at work in this folder; stop it first or use another --out");
  fs::create_directories(path / kCheckpoints);
  for (const fs::path& folder : {path, path / kCheckpoints, path / kSamples}) remove_partial_files(folder);
  return RunFolder(path, std::move(lock));
}

std::vector<std::pair<int64_t, fs::path>> RunFolder::checkpoints() const {
  std::vector<std::pair<int64_t, fs::path>> found;
  for (const auto& entry : fs::directory_iterator(path_ / kCheckpoints)) {
    if (const auto step = step_of(entry.path().filename().string())) found.emplace_back(*step, entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<fs::path> RunFolder::last_checkpoint() const {
  const auto found = checkpoints();
  if (found.empty()) return {};
  return found.back().second;
}

std::optional<RunConfig> RunFolder::config() const {
  if (!fs::exists(path_ / kConfigName)) return {};
  RunConfig config;
  config::read(config::load(path_ / kConfigName), config);
  return config;
}

void RunFolder::write(const RunConfig& config) const {
  write_file_atomically(path_ / kConfigName, [&](std::ostream& file) { file << config::dump(config); });
}

fs::path RunFolder::save(const Trainer& trainer, const sample::ModelDescription& description,
                         const RunState& state) const {
  const int64_t step = trainer.steps_taken();
  checkpoint::Metadata metadata = sample::describe(description, step);
  metadata[kRunKey] = config::dump(state.config);
  metadata[kDataKey] = hexadecimal(state.data_fingerprint);
  metadata[kWindowKey] = window_text(state.since_log_line);
  const fs::path path = path_ / kCheckpoints / step_name(step, kEnding);
  checkpoint::save_safetensors(path, trainer.state(), metadata);

  if (const auto keep = state.config.train.keep_checkpoints) {
    const auto found = checkpoints();
    for (size_t i = 0; i + static_cast<size_t>(*keep) < found.size(); ++i) fs::remove(found[i].second);
  }
  return path;
}

fs::path RunFolder::sample_path(int64_t step) const {
  fs::create_directories(path_ / kSamples);
  return path_ / kSamples / step_name(step, ".png");
}

RunState restore(const fs::path& path, Trainer& trainer, const std::function<void(const RunState&)>& check) {
  const checkpoint::Loaded loaded = checkpoint::load_safetensors(path);
  RunState state = read_state(loaded.metadata, path);
  check(state);
  trainer.restore(loaded.tensors, sample::read_step(loaded.metadata, path.string()).value_or(0), path.string());
  return state;
}

}  // namespace pixnerd::train
