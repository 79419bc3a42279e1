// Forms end in a DataError, or in parts that read back from what they are written as. The first line is the content
// type.
#include "http/multipart.h"

#include <vector>

#include "core/text.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using fuzz::require;

std::string quoted_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

// With a boundary that no part has.
std::string written(const std::vector<http::FormPart>& parts, const std::string& boundary) {
  std::string body;
  for (const http::FormPart& part : parts) {
    body += concat("--", boundary, "\r\nContent-Disposition: form-data; name=", quoted_string(part.name),
                   "; filename=", quoted_string(part.file_name), "\r\nContent-Type: ", part.content_type, "\r\n\r\n",
                   part.content, "\r\n");
  }
  return concat(body, "--", boundary, "--");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  const std::string_view type = text.substr(0, text.find('\n'));
  const std::string_view body = text.substr(std::min(size, type.size() + 1));
  std::vector<http::FormPart> parts;
  if (!fuzz::accepts<DataError>([&] { parts = http::parse_multipart(type, body); })) return 0;
  require(parts.size() <= 64, "a form has few parts");
  for (const http::FormPart& part : parts) {
    require(!part.name.empty(), "a part has a name");
    require(body.find(part.content) != std::string_view::npos, "a part's content is as it was sent");
  }
  std::string boundary = "b";
  while (body.find("\r\n--" + boundary) != std::string_view::npos) boundary += 'b';
  if (boundary.size() > 70) return 0;
  const auto again = http::parse_multipart("multipart/form-data; boundary=" + boundary, written(parts, boundary));
  require(again.size() == parts.size(), "a form is written as it was read");
  for (size_t i = 0; i < parts.size(); ++i) {
    require(again[i].name == parts[i].name && again[i].file_name == parts[i].file_name &&
                again[i].content_type == parts[i].content_type && again[i].content == parts[i].content,
            "a part is written as it was read");
  }
  return 0;
}
