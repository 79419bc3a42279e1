// A request's header, as "METHOD PATH", lines of "Name: value", an empty line and a body: nobody comes in without the
// token, whatever is sent.
#include "serve/gate.h"

#include "config/json.h"
#include "http/secret.h"
#include "serve/refusal.h"
#include "tests/fuzz/checks.h"

using namespace pixnerd;

namespace {

http::Request request_of(std::string_view text) {
  const auto line = [&] {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view found = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return found;
  };
  http::Request request;
  const std::string_view first = line();
  request.method = first.substr(0, first.find(' '));
  request.path = "/";
  if (first.find(' ') != std::string_view::npos) request.path += first.substr(first.find(' ') + 1);
  while (!text.empty()) {
    const std::string_view field = line();
    if (field.empty()) break;
    const size_t colon = field.find(": ");
    if (colon != std::string_view::npos) request.headers.emplace_back(field.substr(0, colon), field.substr(colon + 2));
  }
  request.body = text;
  request.peer = "127.0.0.1";
  return request;
}

void require_sound(const http::Response& response) {
  for (const auto& [name, value] : response.headers) {
    for (const char c : name + value) {
      const auto byte = static_cast<unsigned char>(c);
      fuzz::require(byte >= 0x20 && byte != 0x7f, "an answer's header has no control characters");
    }
  }
  if (response.body != nullptr) config::parse_json(*response.body, "answer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string token = http::random_hex(16);
  http::Request request = request_of(fuzz::as_text(data, size));
  // As the server takes them: no control characters.
  for (const auto& [name, value] : request.headers) {
    for (const char c : name + value) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return 0;
    }
  }
  serve::GateOptions options;
  options.token = token;
  options.allowed_hosts = {"draw.example"};
  options.allowed_origins = {"https://draw.example"};
  serve::Gate gate(options);
  const auto answer = gate.admit(request);
  if (answer) {
    require_sound(*answer);
  } else {
    const std::string& path = request.path;
    fuzz::require(
        path == "/" || path.starts_with("/page/") || path == "/health" || path == "/login" || path == "/favicon.ico",
        "what is not open needs the token");
  }
  require_sound({200, gate.headers(request), nullptr});
  const auto log_in = [&] { gate.login(request); };
  try {
    fuzz::require(!fuzz::accepts<serve::Refusal>(log_in), "nobody logs in without the token");
  } catch (const ConfigError&) {
    // what was sent is no JSON
  }
  return 0;
}
