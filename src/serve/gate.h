// Who may come in: what is asked of every request before its body is read.
//
//   Host      one of this machine's addresses, localhost, or a name that was allowed: a page of another name that
//             resolves to this machine (DNS rebinding) is refused (403)
//   token     where one is set: as Bearer, as the password of Basic, or as the page's cookie; else 401. The page's own
//             files, /health and /login are open
//   Origin    what changes something (not GET, HEAD) comes from this server's own pages, an allowed origin, or a
//   program
//             that sends no Origin; "Sec-Fetch-Site: cross-site" is refused (403)
//   CORS      off, but for allowed origins
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/message.h"

namespace pixnerd::serve {

struct GateOptions {
  std::string token;                         // "": everybody may
  std::vector<std::string> allowed_hosts;    // names, without ports
  std::vector<std::string> allowed_origins;  // "https://example.org"
};

class Gate {
 public:
  explicit Gate(GateOptions options) : options_(std::move(options)) {}

  // The refusal or, of a CORS preflight, the answer; nothing lets it in. By the header alone.
  std::optional<http::Response> admit(const http::Request& head);

  // Headers that every answer to this request carries.
  http::Fields headers(const http::Request& request) const;

  // POST /login: the token, as JSON or a form; a cookie for 30 days. 401, and 429 after ten wrong ones within a minute
  // from one address, be it here or in Authorization.
  http::Response login(const http::Request& request);
  http::Response logout() const;

  bool needs_token() const { return !options_.token.empty(); }

 private:
  bool is_allowed_host(const http::Request& request) const;
  bool is_allowed_origin(const std::string& origin) const;
  bool is_own_origin(const http::Request& request, const std::string& origin) const;
  bool has_token(const http::Request& request) const;
  bool is_session(const std::string& cookie) const;
  bool has_guessed_too_often(const std::string& peer, bool is_wrong);

  GateOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::vector<double>> wrong_;  // times of wrong tokens, by address
};

}  // namespace pixnerd::serve
