#include "cli/setting_flags.h"

#include <algorithm>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

using config::Value;

Value scalar_of(const std::string& text, const std::string& flag) {
  Value value = config::plain_value(text);
  value.source = flag;
  return value;
}

Value list_of(const std::string& text, char separator, const std::string& flag) {
  Value list;
  list.kind = Value::Kind::list;
  list.source = flag;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    list.items.push_back(scalar_of(text.substr(begin, end - begin), flag));
    if (end == std::string::npos) return list;
    begin = end + 1;
  }
}

std::string flag_of(const std::string& key) {
  std::string flag = "--" + key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

}  // namespace

SettingFlags::SettingFlags(CLI::App& command, Value& given) : command_(command), given_(given) {
  given_.kind = Value::Kind::map;
}

void SettingFlags::add(const std::string& key, const std::string& help, const std::string& limits, const Form& form,
                       const std::function<void(const Value&)>& check) {
  const std::string flag = flag_of(key);
  const auto take = [key, flag, form, check, &given = given_, &command = command_](const std::string& text) {
    // A flag whose value may be left out sets nothing then; what that means is the verb's business.
    if (text.empty() && command.get_option(flag)->get_expected_min() == 0) return;
    const bool none = form.optional && text == "none";
    Value value = form.separator != 0 ? list_of(text, form.separator, flag) : scalar_of(text, flag);
    if (none) value = Value{};
    try {
      check(value);
    } catch (const ConfigError& error) {
      throw CLI::ValidationError(concat(error.what(), " (", flag, " takes ", form.shown, ")"));
    }
    given.fields.emplace_back(key, std::move(value));
  };
  command_.add_option_function<std::string>(flag, take, limits.empty() ? help : concat(help, " (", limits, ")"))
      ->type_name(form.shown);
}

}  // namespace pixnerd::cli
