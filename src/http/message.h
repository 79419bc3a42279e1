// Requests and responses of HTTP/1.1 as handlers see them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pixnerd::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

// The value of the first field of that name, letters' case aside; null if there is none.
const std::string* find(const Fields& fields, std::string_view name);

struct Request {
  std::string method;  // as sent: "GET"
  std::string path;    // percent-decoded, begins with "/", without query; "." and ".." are parts like any other
  Fields query;        // decoded, in their order
  Fields headers;      // in their order
  std::string body;
  std::string peer;  // the address of the other side, without its port
};

// A body may be shared by many responses; it is never copied.
struct Response {
  int status = 200;
  Fields headers;  // Content-Length, Date, Connection and Transfer-Encoding are the server's
  std::shared_ptr<const std::string> body;
};

Response response(int status, std::string content_type, std::string body, Fields more = {});

// "Not Found" of 404; "" of a number that has no name.
std::string_view reason_of(int status);

// What a request's target ("/a%20b?x=1") holds. Nothing for one that is no path with a query in good form: a percent
// sign without two digits, what decodes to a zero byte, another scheme's or a host's.
struct Target {
  std::string path;
  Fields query;
};
std::optional<Target> parse_target(std::string_view target);

// The value of a cookie in a Cookie header.
std::optional<std::string> cookie(const Request& request, std::string_view name);

}  // namespace pixnerd::http
