#include "http/response_head.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::http {
namespace {

constexpr std::array kOwnHeaders = {"content-length", "date", "connection", "transfer-encoding"};

bool is_token(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

// RFC 9110, 5.6.7; strftime() would speak the locale's language.
std::string date_now() {
  constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm time{};
  gmtime_r(&now, &time);
  char text[64];
  std::snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[time.tm_wday], time.tm_mday,
                months[time.tm_mon], time.tm_year + 1900, time.tm_hour, time.tm_min, time.tm_sec);
  return text;
}

}  // namespace

bool is_without_body(int status) {
  return status == 204 || status == 304;
}

void check_head(const Response& response) {
  if (response.status < 200 || response.status > 599) {
    throw RequestError(concat("an answer has the status ", response.status));
  }
  for (const auto& [name, value] : response.headers) {
    if (name.empty() || !is_token(name) || !is_value(value)) {
      throw RequestError(concat("an answer's header ", quoted(name), " has a character that none may have"));
    }
    if (std::find(kOwnHeaders.begin(), kOwnHeaders.end(), ascii_lower(name)) != kOwnHeaders.end()) {
      throw RequestError(concat("an answer sets the header ", quoted(name), ", which is the server's to set"));
    }
  }
}

std::string head_text(const Response& response, const HeadOptions& options) {
  std::string text =
      concat("HTTP/1.1 ", response.status, " ", reason_of(response.status), "\r\nDate: ", date_now(), "\r\n");
  for (const auto& [name, value] : response.headers) text.append(name).append(": ").append(value).append("\r\n");
  if (options.framing == Framing::length) {
    text += concat("Content-Length: ", response.body == nullptr ? 0 : response.body->size(), "\r\n");
  }
  if (options.framing == Framing::chunked) text += "Transfer-Encoding: chunked\r\n";
  if (!options.keeps_alive) text += "Connection: close\r\n";
  if (options.keeps_alive && !options.is_1_1) text += "Connection: keep-alive\r\n";
  return text + "\r\n";
}

}  // namespace pixnerd::http
