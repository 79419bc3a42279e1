#include "doctor/training_log.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string_view>
#include <system_error>

#include "config/json.h"
#include "config/scalar.h"
#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/text.h"

namespace pixnerd::doctor {
namespace {

// Numbers that are not finite are text in the log.
std::optional<double> number_in(const config::Value& line, const char* key) {
  const config::Value* const field = line.find(key);
  if (field == nullptr) return std::nullopt;
  double number = 0;
  try {
    config::read_scalar(*field, key, config::Constraint{}, number);
  } catch (const ConfigError&) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return number;
}

std::optional<LoggedStep> training_line(std::string_view text, const std::string& source) {
  try {
    const config::Value line = config::parse_json(text, source);
    const auto step = number_in(line, "step"), loss = number_in(line, "loss"), rate = number_in(line, "lr"),
               norm = number_in(line, "gradient_norm");
    if (!step || !(*step >= 1 && *step < 1e15) || !loss || !rate || !norm) return std::nullopt;
    return LoggedStep{static_cast<int64_t>(*step), *loss, *rate, *norm};
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

double median(std::vector<double> numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

using Number = std::function<double(const LoggedStep&)>;

// Of a part of the log; not a number counts as infinite.
double median_of(const std::vector<LoggedStep>& log, size_t first, size_t count, const Number& number) {
  std::vector<double> numbers;
  for (size_t i = first; i < first + count; ++i) {
    const double each = number(log[i]);
    numbers.push_back(std::isfinite(each) ? each : std::numeric_limits<double>::infinity());
  }
  return median(std::move(numbers));
}

struct Growth {
  double least, last;
  int64_t since;  // the step from which on it is the least

  double factor() const { return last / std::max(least, 1e-12); }
};

// Medians of the parts of the log: the last against the least before it.
Growth growth(const std::vector<LoggedStep>& log, const Number& number) {
  constexpr size_t kParts = 10;
  const size_t part = std::max<size_t>(1, log.size() / kParts);
  Growth found{std::numeric_limits<double>::infinity(), median_of(log, log.size() - part, part, number), 0};
  for (size_t first = 0; first + 2 * part <= log.size(); first += part) {
    const double here = median_of(log, first, part, number);
    if (here < found.least) found.least = here, found.since = log[first].step;
  }
  return found;
}

std::string in_digits(double number) {
  return concat(static_cast<float>(number));
}

}  // namespace

std::vector<LoggedStep> read_log(const std::filesystem::path& file) {
  std::vector<LoggedStep> log;
  std::error_code none;
  if (!std::filesystem::is_regular_file(file, none)) return log;
  const MappedFile mapped = MappedFile::open(file);
  std::string_view rest(reinterpret_cast<const char*>(mapped.data()), mapped.size());
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    if (const auto line = training_line(rest.substr(0, end), file.string())) log.push_back(*line);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return log;
}

std::optional<Finding> check_learning_rate(const std::vector<LoggedStep>& log, const train::TrainConfig& config) {
  constexpr double kTolerance = 1e-3;
  const LoggedStep* first = nullptr;
  const LoggedStep* worst = nullptr;
  int64_t count = 0;
  double largest = 0;
  for (const LoggedStep& each : log) {
    const double wanted = train::learning_rate(config, each.step - 1);
    const double off = std::abs(each.learning_rate - wanted) / std::max(wanted, config.learning_rate * 1e-6);
    if (off <= kTolerance) continue;  // not true of what is no number
    ++count;
    if (first == nullptr) first = &each;
    if (worst == nullptr || !(off <= largest)) worst = &each, largest = off;
  }
  if (first == nullptr) return std::nullopt;
  const double wanted = train::learning_rate(config, worst->step - 1);
  return Finding{Fault::learning_rate,
                 concat("the learning rate was not where the schedule says in ", count, " of ", log.size(),
                        " lines of the log, from step ", first->step, " on: it was ", in_digits(worst->learning_rate),
                        " at step ", worst->step, " and should have been ", in_digits(wanted)),
                 "compare config.yaml with what the run was started with; a length of the schedule that was changed on "
                 "--resume shows so, too",
                 {{"learning_rate", worst->learning_rate},
                  {"scheduled", wanted},
                  {"step", static_cast<double>(worst->step)},
                  {"lines", static_cast<double>(count)}}};
}

std::optional<Finding> check_growth(const std::vector<LoggedStep>& log) {
  constexpr size_t kFewest = 5;
  constexpr double kLossFactor = 3, kGradientFactor = 100;
  if (log.size() < kFewest) return std::nullopt;
  const Growth loss = growth(log, [](const LoggedStep& each) { return each.loss; });
  const Growth gradient = growth(log, [](const LoggedStep& each) { return each.gradient_norm; });
  const bool loss_grew = !(loss.factor() < kLossFactor), gradient_grew = !(gradient.factor() < kGradientFactor);
  if (!loss_grew && !gradient_grew) return std::nullopt;
  const Growth& shown = gradient_grew ? gradient : loss;
  return Finding{Fault::exploding_layer,
                 concat(gradient_grew ? "the gradient's norm" : "the loss", " explodes: ", in_digits(shown.last),
                        " at the end of the log, ", in_digits(shown.least), " about step ", shown.since),
                 "go back to a checkpoint from before; lower train.learning_rate, warm it up for longer "
                 "(train.warmup_steps) or clip (train.gradient_clip_norm)",
                 {{"last", shown.last}, {"least", shown.least}, {"factor", shown.factor()}}};
}

}  // namespace pixnerd::doctor
