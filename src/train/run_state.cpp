#include "train/run_state.h"

#include <charconv>
#include <locale>
#include <sstream>

#include "core/errors.h"
#include "core/hash.h"
#include "core/text.h"

namespace pixnerd::train {
namespace {

constexpr const char* kRunKey = "pixnerd.run";
constexpr const char* kDataKey = "pixnerd.data";
constexpr const char* kWindowKey = "pixnerd.since_log_line";

// Ten pairs of flow matching's loss, and the sums of the losses beside it where there are some.
std::string window_text(const LossWindow& window) {
  std::string text;
  for (size_t i = 0; i < kTimeBuckets; ++i) {
    text += concat(i == 0 ? "" : " ", window.flow.count[i], " ", window.flow.sum[i]);
  }
  std::string beside;
  bool is_any = false;
  for (const SideLoss loss : kSideLosses) {
    beside += concat(" ", window.beside[loss]);
    is_any = is_any || window.beside[loss] != 0;
  }
  return is_any ? text + beside : text;
}

CheckpointError damaged(const std::string& source, const std::string& what) {
  return CheckpointError(concat("checkpoint ", quoted(source), ": ", what));
}

LossWindow read_window(const std::string& text, const std::string& source) {
  LossWindow window;
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  for (size_t i = 0; i < kTimeBuckets; ++i) in >> window.flow.count[i] >> window.flow.sum[i];
  for (const SideLoss loss : kSideLosses) {
    if (in && !in.eof()) in >> window.beside[loss];  // those that were there when it was written
  }
  if (in.fail()) throw damaged(source, concat("its ", kWindowKey, " is not ten pairs of numbers and some more"));
  return window;
}

}  // namespace

checkpoint::Metadata metadata_of(const sample::ModelDescription& description, const RunState& state, int64_t step) {
  checkpoint::Metadata metadata = sample::describe(description, step);
  metadata[kRunKey] = config::dump(state.config);
  metadata[kDataKey] = hexadecimal(state.data_fingerprint);
  metadata[kWindowKey] = window_text(state.since_log_line);
  return metadata;
}

RunState read_state(const checkpoint::Metadata& metadata, const std::string& source) {
  const auto text = [&](const char* key) -> const std::string& {
    const auto found = metadata.find(key);
    if (found != metadata.end()) return found->second;
    throw CheckpointError(concat("checkpoint ", quoted(source), " has no '", key,
                                 "' in its metadata, so it is not of a run that can be resumed; use --init to start ",
                                 "from its weights"));
  };
  RunState state;
  try {
    config::read(config::parse(text(kRunKey), kRunKey), state.config);
  } catch (const ConfigError& error) {
    throw damaged(source, error.what());
  }
  const std::string& fingerprint = text(kDataKey);
  const char* end = fingerprint.data() + fingerprint.size();
  if (std::from_chars(fingerprint.data(), end, state.data_fingerprint, 16).ptr != end) {
    throw damaged(source, concat("its ", kDataKey, " is no hexadecimal number"));
  }
  state.since_log_line = read_window(text(kWindowKey), source);
  return state;
}

}  // namespace pixnerd::train
