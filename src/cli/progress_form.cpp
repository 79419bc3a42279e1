#include "cli/progress_form.h"

#include <iostream>
#include <optional>

#include "cli/checks.h"
#include "cli/words.h"
#include "config/json.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

constexpr std::pair<const char*, ProgressForm> kForms[] = {
    {"bar", ProgressForm::bar}, {"none", ProgressForm::none}, {"json", ProgressForm::json}};

ProgressForm form = ProgressForm::bar;

std::optional<ProgressForm> form_named(std::string_view name) {
  for (const auto& [known, value] : kForms) {
    if (name == known) return value;
  }
  return std::nullopt;
}

// In one piece, as other threads may write.
void write_line(const std::string& line) {
  std::cerr << line + "\n" << std::flush;
  if (std::cerr) return;
  std::cerr.clear();
  is_without_reader();
}

void tell_of_log(std::string_view line) {
  constexpr std::string_view kWarning = "warning: ";
  const bool is_warning = line.starts_with(kWarning);
  if (is_warning) line.remove_prefix(kWarning.size());
  write_line(event_line("log", {{"level", words(is_warning ? "warning" : "info")}, {"message", words(line)}}));
}

std::string answer_line(const std::string& message) {
  return event_line("stopping", {{"message", words(message)}});
}

}  // namespace

ProgressForm progress_form() {
  return form;
}

void set_progress_form(ProgressForm wanted) {
  form = wanted;
  const bool is_json = form == ProgressForm::json;
  is_json ? set_log_sink(tell_of_log) : set_log_sink({});
  set_answer_form(is_json ? answer_line : nullptr);
}

void add_progress_flag(CLI::App& command) {
  std::vector<std::string> names;
  for (const auto& [name, value] : kForms) names.emplace_back(name);
  command
      .add_option_function<std::string>(
          "--progress", [](const std::string& name) { set_progress_form(*form_named(name)); },
          "how the work's progress is shown on standard error: as a bar, not at all, or with messages and errors as "
          "one JSON object a line, for programs")
      ->check(one_of(names))
      ->type_name("bar|none|json");
}

void take_progress_form(std::span<char* const> arguments) {
  constexpr std::string_view kFlag = "--progress";
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    std::string_view value;
    if (argument == kFlag && i + 1 < arguments.size()) value = arguments[i + 1];
    if (argument.starts_with(kFlag) && argument.substr(kFlag.size()).starts_with("=")) {
      value = argument.substr(kFlag.size() + 1);
    }
    if (const auto wanted = form_named(value)) set_progress_form(*wanted);
  }
}

std::string event_line(std::string_view event, std::vector<std::pair<std::string, config::Value>> fields) {
  fields.insert(fields.begin(), {"event", config::text_value(std::string(event))});
  return config::to_json(config::map_value(std::move(fields)));
}

void print_error(int exit_code, const std::string& message) {
  if (form != ProgressForm::json) {
    std::cerr << "pixnerd: error: " << message << std::endl;
    return;
  }
  write_line(event_line("error", {{"exit_code", config::plain_value(concat(exit_code))}, {"message", words(message)}}));
}

}  // namespace pixnerd::cli
