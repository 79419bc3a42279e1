// A whole server of small networks in this process, and clients of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "core/text.h"
#include "serve/service.h"
#include "tests/core/waiting.h"
#include "tests/http/client.h"
#include "tests/serve/refused.h"
#include "tests/serve/studio_fixture.h"

namespace pixnerd::serve {

class ServiceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { models_ = new ServedModels; }
  static void TearDownTestSuite() { delete models_; }
  ~ServiceTest() override { stop(); }

  void start(ServeOptions options = {}) {
    options.checkpoints = {models_->path("fruit"), models_->path("plain")};
    options.folder = folder_.path();
    options.version = "test";
    server_ = std::make_unique<Server>(std::move(options));
    thread_ = std::thread([this] { server_->run(); });
  }

  void stop(double grace = 0) {
    if (server_ == nullptr) return;
    server_->stop(grace);
    thread_.join();
    server_.reset();
  }

  static std::string head(const std::string& method, const std::string& path, const std::string& more = {}) {
    return concat(method, " ", path, " HTTP/1.1\r\nHost: localhost\r\n", more);
  }

  std::string ask(const std::string& method, const std::string& path, const std::string& body = {},
                  const std::string& more = {}) {
    http::Client client(server_->port());
    const std::string type = body.empty() ? "" : "Content-Type: application/json\r\n";
    return client.ask(concat(head(method, path, more), type, "Content-Length: ", body.size(), "\r\n\r\n", body));
  }
  config::Value get(const std::string& path) { return json(http::body_of(ask("GET", path))); }

  // The id of a job that was accepted.
  std::string accept(const std::string& body) {
    const std::string answer = ask("POST", "/api/jobs", body);
    EXPECT_EQ(http::status_of(answer), 202) << answer;
    const std::string id = json(http::body_of(answer)).at("id").scalar;
    EXPECT_EQ(http::header_of(answer, "Location"), "/api/jobs/" + id);
    return id;
  }
  config::Value ended(const std::string& id) {
    config::Value job;
    const auto has_ended = [&] {
      job = get("/api/jobs/" + id);
      const std::string& state = job.at("state").scalar;
      return state != "queued" && state != "running";
    };
    EXPECT_TRUE(comes_true(has_ended)) << "the job has not ended";
    return job;
  }

  static inline ServedModels* models_ = nullptr;
  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace pixnerd::serve
