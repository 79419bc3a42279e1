// Which handler a request is for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "serve/answers.h"

namespace pixnerd::serve {

// What stands in the places of {names} of the route's path, in their order.
using Parts = std::vector<std::string>;

// Called in another thread than the server's. What it throws is answered in the form of the route.
using RouteHandler = std::function<void(const std::shared_ptr<http::Exchange>&, const Parts&)>;

class Router {
 public:
  // A path like "/api/jobs/{id}/events". `error` is how its errors look.
  void add(const std::string& method, const std::string& path, ErrorForm error, RouteHandler handler);

  // A handler that returns its answer.
  void add(const std::string& method, const std::string& path, ErrorForm error,
           std::function<http::Response(const http::Request&, const Parts&)> handler);

  // 404 with the nearest path, 405 with Allow. HEAD goes where GET does.
  void handle(const std::shared_ptr<http::Exchange>& exchange) const;

  // "GET /api/jobs/{id}", sorted, each once.
  std::vector<std::string> routes() const;

 private:
  struct Route {
    std::string method, path;
    std::vector<std::string> parts;  // "" stands for any
    ErrorForm error;
    RouteHandler handler;
  };

  std::vector<Route> routes_;
};

}  // namespace pixnerd::serve
