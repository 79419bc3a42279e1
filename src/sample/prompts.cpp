#include "sample/prompts.h"

#include <algorithm>
#include <string_view>

#include "config/json.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "core/utf8.h"

namespace pixnerd::sample {
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;

std::string_view without_line_end(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\v\f") == std::string_view::npos;
}

// In a configuration 5 and true are texts, too; here they are a mistake. What is a text keeps the quotes that a text
// like these needs.
void require_text(const config::Value& line, const char* key) {
  const config::Value* const value = line.find(key);
  if (value == nullptr || value->kind != config::Value::Kind::scalar || value->quoted) return;
  if (config::text_value(value->scalar).quoted) config::refuse(*value, key, "a text in quotes");
}

Prompt parse(std::string_view line, const std::string& where) {
  Prompt prompt;
  try {
    const config::Value value = config::parse_json(line, where);
    if (value.find("prompt") == nullptr) throw ConfigError(concat(where, ": there is no \"prompt\""));
    require_text(value, "prompt");
    require_text(value, "negative_prompt");
    config::read(value, prompt);
  } catch (const ConfigError& error) {
    throw DataError(error.what());
  }
  return prompt;
}

Prompt plain(std::string_view line, const std::string& where) {
  if (!is_utf8(line) || line.find('\0') != std::string_view::npos) {
    throw DataError(concat(where, ": is no text in UTF-8, which prompts are read in; convert the file, such as by ",
                           "`iconv -f LATIN1 -t UTF-8`"));
  }
  Prompt prompt;
  prompt.prompt = line;
  return prompt;
}

// Whether the first line of a file begins a JSON list of objects or of texts, be it spread over lines or not.
bool begins_list(std::string_view line) {
  constexpr const char* kSpace = " \t";
  const size_t bracket = line.find_first_not_of(kSpace);
  if (line[bracket] != '[') return false;
  const size_t next = line.find_first_not_of(kSpace, bracket + 1);
  return next == std::string_view::npos || line[next] == '{' || line[next] == '"';
}

// Of a file, told from its first line.
bool is_json_lines(std::string_view line, const std::string& where) {
  if (begins_list(line)) {
    throw DataError(
        concat(where, ": begins a JSON list; write JSON lines, one object a line, such as ", R"({"prompt": "a fox"})"));
  }
  return line.find('{') == line.find_first_not_of(" \t");
}

}  // namespace

std::vector<Prompt> read_prompts(const std::filesystem::path& path) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const std::string content = read_file(path, kMostBytes);
  std::vector<Prompt> prompts;
  std::optional<bool> is_json;
  int64_t number = 0;
  for (size_t begin = content.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = without_line_end(std::string_view(content).substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (is_blank(line)) continue;
    const std::string where = concat(path, ":", number);
    if (!is_json) is_json = is_json_lines(line, where);
    prompts.push_back(*is_json ? parse(line, where) : plain(line, where));
    prompts.back().where = where;
  }
  if (prompts.empty()) throw DataError(concat(quoted(path), " has no prompt; write one a line"));
  return prompts;
}

}  // namespace pixnerd::sample
