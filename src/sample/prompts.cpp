#include "sample/prompts.h"

#include <algorithm>
#include <string_view>

#include "config/json.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "text/unicode.h"

namespace pixnerd::sample {
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;

std::string_view without_line_end(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\v\f") == std::string_view::npos;
}

Prompt parse(std::string_view line, const std::string& where) {
  Prompt prompt;
  try {
    const config::Value value = config::parse_json(line, where);
    if (value.find("prompt") == nullptr) throw ConfigError(concat(where, ": there is no \"prompt\""));
    config::read(value, prompt);
  } catch (const ConfigError& error) {
    throw DataError(error.what());
  }
  return prompt;
}

}  // namespace

std::vector<Prompt> read_prompts(const std::filesystem::path& path) {
  const std::string content = read_file(path, kMostBytes);
  std::vector<Prompt> prompts;
  std::optional<bool> is_json;
  int64_t number = 0;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = without_line_end(std::string_view(content).substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (is_blank(line)) continue;
    if (!is_json) is_json = line.find('{') == line.find_first_not_of(" \t");
    prompts.push_back(*is_json ? parse(line, concat(path, ":", number)) : Prompt{text::repaired(line), {}, {}, {}});
  }
  if (prompts.empty()) throw DataError(concat("'", path, "' has no prompt; write one a line"));
  return prompts;
}

}  // namespace pixnerd::sample
