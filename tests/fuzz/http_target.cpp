// A request's target is a path and a query that read back from what they are written as, or nothing. A Cookie header
// gives values of its own. The first line is the target, the second a cookie's name, the rest the header.
#include "http/message.h"

#include <algorithm>

#include "core/text.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using fuzz::require;

std::string encoded(std::string_view text, std::string_view kept = {}) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kept.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return result;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

void check_target(std::string_view text) {
  const auto target = http::parse_target(text);
  if (!target) return;
  require(target->path.starts_with('/'), "a path begins with a slash");
  require(target->path.find('\0') == std::string::npos, "a path has no zero byte");
  std::string again = concat("/", encoded(std::string_view(target->path).substr(1), "/"));
  for (size_t i = 0; i < target->query.size(); ++i) {
    const auto& [key, value] = target->query[i];
    require((key + value).find('\0') == std::string::npos, "a query has no zero byte");
    again += concat(i == 0 ? "?" : "&", encoded(key), "=", encoded(value));
  }
  const auto read = http::parse_target(again);
  // What is decoded may be a host's where a slash was hidden; as text it is refused then.
  if (target->path.starts_with("//")) return require(!read, "what may be a host is no path");
  require(read.has_value() && read->path == target->path && read->query == target->query,
          "a target is written as it was read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  check_target(take_line(text));
  const std::string_view name = take_line(text);
  http::Request request;
  request.headers = {{"Cookie", std::string(text)}};
  const auto value = http::cookie(request, name);
  require(!value || text.find(*value) != std::string_view::npos, "a cookie's value is in its header");
  require(!value || value->find(';') == std::string::npos, "a cookie's value is that cookie's alone");
  return 0;
}
