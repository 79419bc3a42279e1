#include "sample/prompts.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/json.h"
#include "core/errors.h"
#include "core/text.h"
#include "sample/text_file.h"

namespace pixnerd::sample {
namespace {

constexpr const char* kSpace = " \t";
constexpr const char* kExample = R"({"prompt": "a fox"})";

// In a configuration 5 and true are texts, too; here they are a mistake. What is a text keeps the quotes that a text
// like these needs.
void require_text(const config::Value& line, const char* key) {
  const config::Value* const value = line.find(key);
  if (value == nullptr || value->kind != config::Value::Kind::scalar || value->quoted) return;
  if (config::text_value(value->scalar).quoted) config::refuse(*value, key, "a text in quotes");
}

Prompt read_prompt(const config::Value& value, const std::string& where) {
  Prompt prompt;
  try {
    if (value.find("prompt") == nullptr) throw ConfigError(concat(where, ": there is no \"prompt\""));
    require_text(value, "prompt");
    require_text(value, "negative_prompt");
    config::read(value, prompt);
  } catch (const ConfigError& error) {
    throw DataError(error.what());
  }
  return prompt;
}

// Whether the first line of a file begins a JSON list of objects or of texts, be it spread over lines or not.
bool begins_list(std::string_view line) {
  const size_t bracket = line.find_first_not_of(kSpace);
  if (line[bracket] != '[') return false;
  const size_t next = line.find_first_not_of(kSpace, bracket + 1);
  return next == std::string_view::npos || line[next] == '{' || line[next] == '"';
}

// Whether a line that is no JSON was meant as an object: a brace alone, as of an object that is spread over lines, or
// one with a key behind it, in double quotes or one that prompts have. "{cat|dog} in the snow" is none.
bool is_broken_object(std::string_view line) {
  const auto without_space = [](std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(kSpace), text.size()));
  };
  line = without_space(line);
  if (!line.starts_with('{')) return false;
  line = without_space(line.substr(1));
  if (line.empty()) return true;
  const char quote = line.front() == '"' || line.front() == '\'' ? line.front() : '\0';
  if (quote != '\0') line.remove_prefix(1);
  constexpr std::array<std::string_view, 7> kKeys = {"prompt",  "negative_prompt", "seed",    "size",
                                                     "classes", "style",           "language"};
  for (const std::string_view key : kKeys) {
    if (!line.starts_with(key)) continue;
    const std::string_view rest = line.substr(key.size());
    if (without_space(quote != '\0' && rest.starts_with(quote) ? rest.substr(1) : rest).starts_with(':')) return true;
  }
  const size_t end = quote == '"' ? line.find('"') : std::string_view::npos;
  return end != std::string_view::npos && without_space(line.substr(end + 1)).starts_with(':');
}

// A line as a JSON object, or why it is none; what does not begin like one is not tried.
struct Parsed {
  std::optional<config::Value> object;
  std::string error;
};

Parsed parse_line(std::string_view line, const std::string& where) {
  if (line[line.find_first_not_of(kSpace)] != '{') return {{}, concat(where, ": is no JSON object")};
  try {
    return {config::parse_json(line, where), ""};
  } catch (const ConfigError& error) {
    return {{}, error.what()};
  }
}

// The line that makes a file one of JSON lines; none of plain prompts.
const TextLine* first_object(const std::vector<TextLine>& lines) {
  for (const TextLine& line : lines) {
    if (is_broken_object(line.text) || parse_line(line.text, "").object) return &line;
  }
  return nullptr;
}

Prompt json_prompt(const TextLine& line, const std::string& where, int64_t object_line) {
  const Parsed parsed = parse_line(line.text, where);
  if (parsed.object) return read_prompt(*parsed.object, where);
  const std::string why = line.number == object_line
                              ? ""
                              : concat("; line ", object_line, " is a JSON object, and then every line must be one");
  throw DataError(concat(parsed.error, why, "; write it as ", kExample));
}

}  // namespace

std::vector<Prompt> read_prompts(const std::filesystem::path& path) {
  const std::string content = read_text(path);
  const std::vector<TextLine> lines = lines_of(content);
  if (lines.empty()) throw DataError(concat(quoted(path), " has no prompt; write one a line"));
  const auto where = [&](const TextLine& line) { return concat(path, ":", line.number); };
  if (begins_list(lines.front().text)) {
    throw DataError(
        concat(where(lines.front()), ": begins a JSON list; write JSON lines, one object a line, such as ", kExample));
  }
  const TextLine* const object = first_object(lines);
  if (object != nullptr) json_prompt(*object, where(*object), object->number);  // what is wrong with it comes first
  std::vector<Prompt> prompts;
  for (const TextLine& line : lines) {
    if (object != nullptr) {
      prompts.push_back(json_prompt(line, where(line), object->number));
    } else {
      prompts.emplace_back().prompt = line.text;
    }
    prompts.back().where = where(line);
  }
  return prompts;
}

}  // namespace pixnerd::sample
