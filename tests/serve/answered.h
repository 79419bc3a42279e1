// Exchanges that keep what they are answered, for tests without a server.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "http/server.h"

namespace pixnerd::serve {

class AnsweredExchange : public http::Exchange {
 public:
  explicit AnsweredExchange(http::Request request) : request_(std::move(request)) {}

  const http::Request& request() const override { return request_; }
  void answer(http::Response response) override {
    if (!answered) answered = std::move(response);
  }
  void stream(http::Response head, http::Source with, std::string beat) override {
    answered = std::move(head);
    source = std::move(with);
    heartbeat = std::move(beat);
  }
  void wake() override { ++wakes; }
  void when_gone(std::function<void()> call) override { gone = std::move(call); }

  std::optional<http::Response> answered;
  http::Source source;
  std::string heartbeat;
  int wakes = 0;
  std::function<void()> gone;

 private:
  http::Request request_;
};

inline std::shared_ptr<AnsweredExchange> exchange_for(const std::string& method, const std::string& path,
                                                      http::Fields headers = {}) {
  http::Request request;
  request.method = method;
  request.path = path;
  request.headers = std::move(headers);
  return std::make_shared<AnsweredExchange>(std::move(request));
}

}  // namespace pixnerd::serve
