// A server on a port of its own for a test, with a service of routes.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/text.h"
#include "http/server.h"
#include "tests/core/waiting.h"

namespace pixnerd::http {

using Handler = std::function<void(std::shared_ptr<Exchange>)>;

class Routes : public Service {
 public:
  std::map<std::string, Handler> routes;  // by path
  std::function<std::optional<Response>(const Request&)> admission;

  std::optional<Response> admit(const Request& head) override { return admission ? admission(head) : std::nullopt; }

  void handle(std::shared_ptr<Exchange> exchange) override {
    const auto found = routes.find(exchange->request().path);
    if (found == routes.end()) return exchange->answer(response(404, "text/plain", "no such route"));
    found->second(std::move(exchange));
  }

  Response refusal(int status, const std::string& sentence) override {
    return response(status, "text/plain", sentence);
  }
};

class Served {
 public:
  explicit Served(Routes& routes, const ServerOptions& options = {})
      : server(options, routes), thread_([this] { server.run(); }) {}
  ~Served() { stop(0); }

  void stop(double grace_seconds) {
    server.stop(grace_seconds);
    if (thread_.joinable()) thread_.join();
  }

  uint16_t port() const { return server.port(); }

  Server server;

 private:
  std::thread thread_;
};

// What one thread sets and another waits for, not for ever.
template <class Value>
class Mailbox {
 public:
  void put(Value value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }

  std::optional<Value> take(double seconds = kPatientSeconds) {
    std::unique_lock lock(mutex_);
    const auto time = std::chrono::duration<double>(seconds);
    if (!changed_.wait_for(lock, time, [&] { return !values_.empty(); })) return std::nullopt;
    Value value = std::move(values_.front());
    values_.erase(values_.begin());
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Value> values_;
};

// "/echo" answers what it was sent; "/keep" puts its exchange into the mailbox.
class EchoTest : public testing::Test {
 protected:
  EchoTest() {
    routes_.routes["/echo"] = [](const std::shared_ptr<Exchange>& exchange) {
      const Request& request = exchange->request();
      std::string text = concat(request.method, " ", request.path, "\n");
      for (const auto& [key, value] : request.query) text += concat(key, "=", value, "\n");
      exchange->answer(response(200, "text/plain", text + request.body, {{"X-Peer", request.peer}}));
    };
    routes_.routes["/keep"] = [this](std::shared_ptr<Exchange> exchange) { kept_.put(std::move(exchange)); };
  }

  Routes routes_;
  Mailbox<std::shared_ptr<Exchange>> kept_;
};

}  // namespace pixnerd::http
