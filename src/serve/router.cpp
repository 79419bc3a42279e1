#include "serve/router.h"

#include <algorithm>
#include <optional>
#include <set>

#include "core/text.h"

namespace pixnerd::serve {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const size_t end = std::min(path.find('/'), path.size());
    parts.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

std::optional<Parts> match(const std::vector<std::string>& pattern, const std::vector<std::string>& parts) {
  if (pattern.size() != parts.size()) return std::nullopt;
  Parts found;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (pattern[i].starts_with("{")) {
      found.push_back(parts[i]);
    } else if (pattern[i] != parts[i]) {
      return std::nullopt;
    }
  }
  return found;
}

}  // namespace

void Router::add(const std::string& method, const std::string& path, ErrorForm error, RouteHandler handler) {
  routes_.push_back({method, path, split(path), std::move(error), std::move(handler)});
}

void Router::add(const std::string& method, const std::string& path, ErrorForm error,
                 std::function<http::Response(const http::Request&, const Parts&)> handler) {
  add(method, path, std::move(error),
      RouteHandler([handler = std::move(handler)](const std::shared_ptr<http::Exchange>& exchange, const Parts& parts) {
        exchange->answer(handler(exchange->request(), parts));
      }));
}

void Router::handle(const std::shared_ptr<http::Exchange>& exchange) const {
  const http::Request& request = exchange->request();
  const std::vector<std::string> parts = split(request.path);
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::set<std::string> allowed;
  for (const Route& route : routes_) {
    const auto found = match(route.parts, parts);
    if (!found) continue;
    allowed.insert(route.method);
    if (route.method != method) continue;
    try {
      return route.handler(exchange, *found);
    } catch (const std::exception& error) {
      return exchange->answer(route.error(refusal_of(error)));
    }
  }
  if (!allowed.empty()) {
    const std::string methods = join({allowed.begin(), allowed.end()}, ", ");
    http::Response response = error_response(
        {405, "method_not_allowed",
         concat(printable(request.method), " is not for ", printable(request.path), "; ", methods, " is")});
    response.headers.emplace_back("Allow", methods);
    return exchange->answer(std::move(response));
  }
  std::vector<std::string> known;
  for (const Route& route : routes_) known.push_back(route.path);
  const std::string meant = nearest(request.path, known);
  exchange->answer(error_response({404, "unknown_route",
                                   concat("there is nothing at ", printable(request.path),
                                          meant.empty() ? "" : concat("; did you mean ", meant, "?"))}));
}

std::vector<std::string> Router::routes() const {
  std::set<std::string> sorted;
  for (const Route& route : routes_) sorted.insert(concat(route.method, " ", route.path));
  return {sorted.begin(), sorted.end()};
}

}  // namespace pixnerd::serve
