#include "http/multipart.h"

#include <algorithm>
#include <boost/beast/http/rfc7230.hpp>
#include <optional>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::http {
namespace {

constexpr size_t kMostParts = 64;
constexpr size_t kMostHeaderBytes = 8 << 10;  // of one part
constexpr size_t kMostBoundaryBytes = 70;     // RFC 2046, 5.1.1
constexpr std::string_view kLineEnd = "\r\n";

bool take(std::string_view& text, std::string_view beginning) {
  if (!text.starts_with(beginning)) return false;
  text.remove_prefix(beginning.size());
  return true;
}

std::string_view without_blanks(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool has_control_characters(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

// "form-data" of `form-data; name="a"`, in lower case.
std::string kind_of(std::string_view value) {
  return ascii_lower(std::string(without_blanks(value.substr(0, value.find(';')))));
}

// The parameter of that name; DataError for two.
std::optional<std::string> parameter(std::string_view value, std::string_view name) {
  const size_t begin = value.find(';');
  if (begin == std::string_view::npos) return std::nullopt;
  std::optional<std::string> found;
  for (const auto& [key, text] : boost::beast::http::param_list({value.data() + begin, value.size() - begin})) {
    if (ascii_lower(std::string(key)) != name) continue;
    if (found) throw DataError(concat("a form says ", quoted(name), " twice of one part"));
    found = std::string(text);
  }
  return found;
}

std::string boundary_of(std::string_view content_type) {
  if (kind_of(content_type) != "multipart/form-data") {
    throw DataError(concat(quoted(content_type), " is not multipart/form-data"));
  }
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty()) throw DataError("multipart/form-data comes without its boundary");
  if (boundary->size() > kMostBoundaryBytes) {
    throw DataError(concat("a form's boundary has more than ", kMostBoundaryBytes, " characters"));
  }
  return *boundary;
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

// Takes what follows a boundary where a part follows it.
bool takes_part(std::string_view& body) {
  skip_blanks(body);
  return take(body, kLineEnd);
}

// Or where it was the last one.
bool takes_end(std::string_view body) {
  if (!take(body, "--")) return false;
  skip_blanks(body);
  return body.empty() || body.starts_with(kLineEnd);
}

// A part's header, up to and with its empty line.
void take_header(std::string_view& body, FormPart& part) {
  bool has_disposition = false;
  for (size_t left = kMostHeaderBytes; !take(body, kLineEnd);) {
    const size_t end = body.find(kLineEnd);
    if (end == std::string_view::npos || end > left) throw DataError("a part of the form has no end to its header");
    left -= end;
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(end + kLineEnd.size());
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || has_control_characters(line))
      throw DataError(concat("a part of the form has the header ", quoted(line)));
    const std::string name = ascii_lower(std::string(line.substr(0, colon)));
    const std::string_view value = without_blanks(line.substr(colon + 1));
    if (name == "content-type") part.content_type = std::string(value);
    if (name == "content-transfer-encoding" && kind_of(value) != "binary" && kind_of(value) != "8bit" &&
        kind_of(value) != "7bit") {
      throw DataError(concat("a part of the form is encoded as ", quoted(value), "; send it as it is"));
    }
    if (name != "content-disposition") continue;
    if (has_disposition || kind_of(value) != "form-data") throw DataError("a part of the form is not form-data once");
    has_disposition = true;
    part.name = parameter(value, "name").value_or("");
    part.file_name = parameter(value, "filename").value_or("");
  }
  if (part.name.empty()) throw DataError("a part of the form has no name");
}

// Up to the next boundary, which is taken. One is a line of its own: what only begins like it belongs to the content.
std::string_view take_content(std::string_view& body, const std::string& delimiter) {
  for (size_t at = body.find(delimiter); at != std::string_view::npos; at = body.find(delimiter, at + 1)) {
    const std::string_view rest = body.substr(at + delimiter.size());
    std::string_view after = rest;
    if (!takes_end(rest) && !takes_part(after)) continue;
    const std::string_view content = body.substr(0, at);
    body = rest;
    return content;
  }
  throw DataError("the form is cut: its last boundary is missing");
}

}  // namespace

std::vector<FormPart> parse_multipart(std::string_view content_type, std::string_view body) {
  const std::string delimiter = concat(kLineEnd, "--", boundary_of(content_type));
  if (!take(body, delimiter) && !take(body, std::string_view(delimiter).substr(kLineEnd.size()))) {
    throw DataError("the form does not begin with its boundary");
  }
  std::vector<FormPart> parts;
  while (takes_part(body)) {
    if (parts.size() == kMostParts) throw DataError(concat("the form has more than ", kMostParts, " parts"));
    FormPart& part = parts.emplace_back();
    take_header(body, part);
    part.content = std::string(take_content(body, delimiter));
  }
  if (!takes_end(body)) throw DataError("the form's boundary is not followed by a part, nor by its end");
  return parts;
}

}  // namespace pixnerd::http
