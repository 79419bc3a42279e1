#include "train/run_log.h"

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "config/json.h"
#include "config/schema.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/mapped_file.h"
#include "core/text.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

using Fields = std::vector<std::pair<std::string, config::Value>>;
using Means = std::array<std::optional<double>, kTimeBuckets>;

Means means(const LossByTime& losses) {
  Means out;
  for (size_t i = 0; i < kTimeBuckets; ++i) {
    if (losses.count[i] > 0) out[i] = losses.sum[i] / static_cast<double>(losses.count[i]);
  }
  return out;
}

// Writes {"key":value,...} and the end of the line.
std::string line_of(Fields fields) {
  return config::to_json(config::map_value(std::move(fields))) + '\n';
}

// The step of a line; nothing if it is no entry.
std::optional<int64_t> step_of(std::string_view line, const std::string& source) {
  try {
    const config::Value entry = config::parse_json(line, source);
    const config::Value* field = entry.find("step");
    if (!field) return std::nullopt;
    int64_t step = 0;
    config::read_scalar(*field, "step", config::Constraint{}, step);
    return step;
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

// The lines up to last_step, without their ends.
std::vector<std::string_view> lines_until(int64_t last_step, std::string_view rest, const fs::path& path) {
  std::vector<std::string_view> lines;
  int64_t number = 0, unreadable = 0, first_unreadable = 0;
  while (!rest.empty()) {
    ++number;
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const std::optional<int64_t> step = step_of(line, path.string());
    if (step && *step <= last_step) lines.push_back(line);
    const bool half_written = end == std::string_view::npos;
    if (!step && !half_written && ++unreadable == 1) first_unreadable = number;
  }
  if (unreadable > 0) {
    log_warning(concat(quoted(path), ": ", unreadable,
                       unreadable == 1 ? " line that is no entry is" : " lines that are no entries are",
                       " left out, the first is line ", first_unreadable));
  }
  return lines;
}

AppendFile go_on(const fs::path& path, int64_t last_step) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    const MappedFile file = MappedFile::open(path);
    const std::string_view content(reinterpret_cast<const char*>(file.data()), file.size());
    std::string kept;
    for (const std::string_view line : lines_until(last_step, content, path)) kept += concat(line, '\n');
    if (kept != content) write_file_atomically(path, [&](std::ostream& out) { out << kept; });
  }
  return AppendFile(path);
}

// "train/loss", and "train/loss_t/0.0-0.1" and so on for the parts of the time that have samples.
std::vector<ScalarSummary> loss_curves(const std::string& group, double loss, const LossByTime& by_time) {
  std::vector<ScalarSummary> curves = {{group + "/loss", loss}};
  const Means parts = means(by_time);
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string end = i + 1 == parts.size() ? "1.0" : concat("0.", i + 1);
    if (parts[i]) curves.push_back({concat(group, "/loss_t/0.", i, "-", end), *parts[i]});
  }
  return curves;
}

}  // namespace

RunLog::RunLog(const fs::path& folder, int64_t resume_step)
    : lines_(go_on(folder / "log.jsonl", resume_step)), events_(folder, std::max<int64_t>(resume_step, 0) + 1) {}

void RunLog::add(const LogEntry& entry) {
  const auto memory = static_cast<int64_t>(entry.memory_bytes);
  Fields fields{{"step", config::scalar_value(entry.step)},
                {"loss", config::scalar_value(entry.loss)},
                {"loss_by_time", config::member_value(means(entry.by_time))}};
  std::vector<ScalarSummary> curves = loss_curves("train", entry.loss, entry.by_time);
  for (const SideLoss loss : kSideLosses) {
    const std::optional<double>& value = entry.beside[loss];
    if (!value) continue;
    const std::string name = concat(name_of(loss), "_loss");
    fields.emplace_back(name, config::scalar_value(*value));
    curves.push_back({"train/" + name, *value});
  }
  fields.insert(fields.end(), {{"lr", config::scalar_value(entry.learning_rate)},
                               {"gradient_norm", config::scalar_value(entry.gradient_norm)},
                               {"images_per_second", config::scalar_value(entry.images_per_second)},
                               {"memory_bytes", config::scalar_value(memory)}});
  if (entry.waiting) fields.emplace_back("waiting", config::scalar_value(*entry.waiting));
  lines_.append(line_of(std::move(fields)));
  curves.push_back({"train/lr", entry.learning_rate});
  curves.push_back({"train/gradient_norm", entry.gradient_norm});
  curves.push_back({"train/images_per_second", entry.images_per_second});
  curves.push_back({"train/memory_bytes", static_cast<double>(entry.memory_bytes)});
  events_.add_scalars(entry.step, curves);
}

void RunLog::add(const ValidationEntry& entry) {
  Fields fields{{"step", config::scalar_value(entry.step)},
                {"validation_loss", config::scalar_value(entry.loss)},
                {"validation_loss_by_time", config::member_value(means(entry.by_time))}};
  std::vector<ScalarSummary> curves = loss_curves("validation", entry.loss, entry.by_time);
  for (const auto& [side, loss] : entry.more_sizes) {
    fields.emplace_back(concat("validation_loss_", side), config::scalar_value(loss));
    curves.push_back({concat("validation/loss_", side), loss});
  }
  lines_.append(line_of(std::move(fields)));
  events_.add_scalars(entry.step, curves);
}

void RunLog::add(const EvaluationEntry& entry) {
  Fields fields{{"pictures", config::scalar_value(entry.pictures)}};
  std::vector<ScalarSummary> curves;
  for (const auto& [name, value] : entry.figures) {
    fields.emplace_back(name, config::scalar_value(value));
    curves.push_back({concat("eval/", name), value});
  }
  lines_.append(line_of({{"step", config::scalar_value(entry.step)}, {"eval", config::map_value(std::move(fields))}}));
  events_.add_scalars(entry.step, curves);
}

void RunLog::add_image(int64_t step, const std::string& tag, std::span<const std::byte> png, int64_t width,
                       int64_t height) {
  events_.add_image(step, tag, png, width, height);
}

}  // namespace pixnerd::train
