#include "cli/checks.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>

#include "core/text.h"

namespace pixnerd::cli {
namespace {

constexpr const char* kDecimal = "decimal";  // the name of between()'s validators

// The whole text as a number; false if it is none or does not fit.
template <class Number>
bool parse(std::string_view text, Number& number) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool is_text(std::string_view flag) {
  return flag == "--prompt" || flag == "--negative-prompt";
}

[[noreturn]] void refuse_empty(std::string_view flag) {
  throw CLI::ValidationError(
      concat(printable(flag), ": the value is empty; is a variable of the command line not set?"));
}

void finish(CLI::Option& option) {
  try {
    option.get_validator(kDecimal)->non_modifying(false);
  } catch (const CLI::OptionNotFound&) {
    // It is no whole number.
  }
}

}  // namespace

CLI::Validator between(int64_t low, int64_t high) {
  const auto check = [low, high](std::string& text) -> std::string {
    int64_t number = 0;
    if (!parse(text, number) || number < low || number > high) {
      return concat("must be a whole number from ", low, " to ", high, ", not ", quoted(text));
    }
    text = concat(number);
    return "";
  };
  return CLI::Validator(check, "", kDecimal);
}

CLI::Validator positive(double most) {
  const auto check = [most](std::string& text) -> std::string {
    double number = 0;
    if (parse(text, number) && std::isfinite(number) && number > 0 && number <= most) return "";
    return concat("must be a number above 0, ", most, " at most, not ", quoted(text));
  };
  return CLI::Validator(check, "");
}

CLI::Validator one_of(const std::vector<std::string>& words) {
  const auto check = [words](std::string& text) -> std::string {
    if (std::find(words.begin(), words.end(), text) != words.end()) return "";
    const std::string meant = nearest(text, words);
    return concat("must be ", words.size() > 1 ? "one of " : "", join(words, ", "), ", not ", quoted(text),
                  meant.empty() ? "" : concat("; did you mean ", meant, "?"));
  };
  return CLI::Validator(check, "");
}

void require_values(std::span<char* const> arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i], before = arguments[i - 1];
    if (argument == "--") return;
    if (argument.empty() && !is_text(before)) refuse_empty(i > 1 ? before : "an argument");
    // CLI11 would take the next argument for the value.
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) refuse_empty(argument);
  }
}

void finish_checks(CLI::App& program) {
  for (CLI::Option* const option : program.get_options()) {
    if (option->get_expected_max() > 0) finish(*option);
  }
  for (CLI::App* const verb : program.get_subcommands([](CLI::App*) { return true; })) finish_checks(*verb);
}

}  // namespace pixnerd::cli
