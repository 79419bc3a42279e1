#include "serve/gate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "config/json.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/timing.h"
#include "http/base64.h"
#include "http/secret.h"
#include "serve/answers.h"

namespace pixnerd::serve {
namespace {

constexpr const char* kCookie = "pixnerd_session";
constexpr int64_t kSessionSeconds = 30LL * 24 * 3600;
constexpr double kGuessSeconds = 60;
constexpr size_t kMostGuesses = 10, kMostGuessers = 10'000;
constexpr const char* kPolicy =
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

std::string header_of(const http::Request& request, std::string_view name) {
  const std::string* const value = http::find(request.headers, name);
  return value == nullptr ? "" : *value;
}

// "[::1]:80" is ::1, "a.b:80" is a.b; "" of what has another form.
std::string host_without_port(const std::string& host) {
  const size_t bracket = host.starts_with("[") ? host.find(']') : 0;
  const size_t end = bracket == std::string::npos ? host.size() : host.find(':', bracket);
  const std::string name = host.substr(0, end), port = end < host.size() ? host.substr(end + 1) : "";
  if (port.find_first_not_of("0123456789") != std::string::npos) return "";
  if (!name.starts_with("[")) return ascii_lower(name);
  return name.ends_with("]") ? name.substr(1, name.size() - 2) : "";
}

bool is_address(const std::string& host) {
  in6_addr parsed;
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1 || inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

bool changes_something(const std::string& method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

bool is_open(const std::string& path) {
  return path == "/" || path.starts_with("/page/") || path == "/health" || path == "/login" || path == "/favicon.ico";
}

int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string session_text(int64_t expiry) {
  return concat("pixnerd session until ", expiry);
}

http::Response cookie_response(const std::string& value, int64_t seconds, bool is_secure) {
  return {204,
          {{"Set-Cookie", concat(kCookie, "=", value, "; Path=/; Max-Age=", seconds, "; HttpOnly; SameSite=Strict",
                                 is_secure ? "; Secure" : "")}},
          nullptr};
}

Refusal too_many_guesses() {
  Refusal refusal(429, "too_many_attempts", "too many wrong tokens; try again in a minute");
  refusal.retry_after = kGuessSeconds;
  return refusal;
}

// What a form or JSON says of "token".
std::string token_in(const http::Request& request) {
  if (header_of(request, "content-type").starts_with("application/json")) {
    const config::Value body = config::parse_json(request.body, "request");
    const config::Value* const token = body.find("token");
    return token == nullptr ? "" : token->scalar;
  }
  const auto form = http::parse_target("/?" + request.body);
  const std::string* const token = form ? http::find(form->query, "token") : nullptr;
  return token == nullptr ? "" : *token;
}

}  // namespace

bool Gate::is_allowed_host(const http::Request& request) const {
  const std::string host = host_without_port(header_of(request, "host"));
  if (host == "localhost" || is_address(host)) return true;
  return std::any_of(options_.allowed_hosts.begin(), options_.allowed_hosts.end(),
                     [&](const std::string& allowed) { return ascii_lower(allowed) == host; });
}

bool Gate::is_allowed_origin(const std::string& origin) const {
  const auto& allowed = options_.allowed_origins;
  return std::find(allowed.begin(), allowed.end(), origin) != allowed.end();
}

bool Gate::is_own_origin(const http::Request& request, const std::string& origin) const {
  const size_t scheme = origin.find("://");
  return scheme != std::string::npos &&
         ascii_lower(origin.substr(scheme + 3)) == ascii_lower(header_of(request, "host"));
}

bool Gate::is_session(const std::string& cookie) const {
  const size_t dot = cookie.find('.');
  if (dot == std::string::npos) return false;
  int64_t expiry = 0;
  const auto [end, error] = std::from_chars(cookie.data(), cookie.data() + dot, expiry);
  if (error != std::errc{} || end != cookie.data() + dot || expiry < seconds_now()) return false;
  return http::is_same_secret(cookie.substr(dot + 1), http::signature(options_.token, session_text(expiry)));
}

bool Gate::has_token(const http::Request& request) const {
  const std::string authorization = header_of(request, "authorization");
  const size_t space = authorization.find(' ');
  const std::string scheme = ascii_lower(authorization.substr(0, space));
  const std::string given = space == std::string::npos ? "" : authorization.substr(space + 1);
  if (scheme == "bearer") return http::is_same_secret(given, options_.token);
  if (scheme == "basic") {
    try {
      const std::string pair = http::base64_decoded(given);
      const size_t colon = pair.find(':');
      return colon != std::string::npos && http::is_same_secret(pair.substr(colon + 1), options_.token);
    } catch (const DataError&) {
      return false;
    }
  }
  const auto session = http::cookie(request, kCookie);
  return session && is_session(*session);
}

std::optional<http::Response> Gate::admit(const http::Request& head) {
  if (!is_allowed_host(head)) {
    return error_response({403, "unknown_host",
                           concat("this server is not known by the name ", quoted(header_of(head, "host")),
                                  "; --allow-host NAME allows one")});
  }
  const std::string origin = header_of(head, "origin");
  const bool is_allowed = is_allowed_origin(origin);
  if (head.method == "OPTIONS") {
    if (!is_allowed) return error_response({403, "foreign_origin", "pages of other origins may not use this server"});
    return http::Response{204,
                          {{"Access-Control-Allow-Methods", "GET, POST, DELETE"},
                           {"Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID, X-Client-Id"},
                           {"Access-Control-Max-Age", "600"}},
                          nullptr};
  }
  const bool is_guess = needs_token() && !is_open(head.path) && !header_of(head, "authorization").empty();
  if (is_guess && has_guessed_too_often(head.peer, false)) return error_response(too_many_guesses());
  if (needs_token() && !is_open(head.path) && !has_token(head)) {
    if (is_guess) has_guessed_too_often(head.peer, true);
    return error_response(
        {401, "token_required",
         "this server needs its token, as `Authorization: Bearer TOKEN` or as the password of Basic"});
  }
  if (!changes_something(head.method)) return std::nullopt;
  const bool is_foreign = !origin.empty() && !is_own_origin(head, origin) && !is_allowed;
  const bool is_cross_site = origin.empty() && header_of(head, "sec-fetch-site") == "cross-site";
  if (is_foreign || is_cross_site) {
    return error_response({403, "foreign_origin",
                           concat("pages of ", origin.empty() ? "other sites" : printable(origin),
                                  " may not change anything here; --allow-origin ORIGIN allows one")});
  }
  return std::nullopt;
}

http::Fields Gate::headers(const http::Request& request) const {
  http::Fields fields{{"X-Content-Type-Options", "nosniff"},
                      {"X-Frame-Options", "DENY"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Content-Security-Policy", kPolicy}};
  const std::string origin = header_of(request, "origin");
  if (!origin.empty() && is_allowed_origin(origin)) {
    fields.emplace_back("Access-Control-Allow-Origin", origin);
    fields.emplace_back("Vary", "Origin");
  } else {
    fields.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  }
  return fields;
}

bool Gate::has_guessed_too_often(const std::string& peer, bool is_wrong) {
  const std::lock_guard lock(mutex_);
  const double now = steady_seconds();
  for (auto each = wrong_.begin(); each != wrong_.end();) {
    std::erase_if(each->second, [&](double time) { return time + kGuessSeconds < now; });
    each = each->second.empty() ? wrong_.erase(each) : std::next(each);
  }
  if (is_wrong && wrong_.size() < kMostGuessers) wrong_[peer].push_back(now);
  const auto found = wrong_.find(peer);
  return found != wrong_.end() && found->second.size() >= kMostGuesses;
}

http::Response Gate::login(const http::Request& request) {
  if (!needs_token()) return {204, {}, nullptr};
  if (has_guessed_too_often(request.peer, false)) {
    throw too_many_guesses();
  }
  if (!http::is_same_secret(token_in(request), options_.token)) {
    has_guessed_too_often(request.peer, true);
    throw Refusal(401, "wrong_token", "this is not the server's token", "token");
  }
  const int64_t expiry = seconds_now() + kSessionSeconds;
  return cookie_response(concat(expiry, ".", http::signature(options_.token, session_text(expiry))), kSessionSeconds,
                         header_of(request, "x-forwarded-proto") == "https");
}

http::Response Gate::logout() const {
  return cookie_response("", 0, false);
}

}  // namespace pixnerd::serve
