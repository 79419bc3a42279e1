#include "serve/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "core/errors.h"
#include "core/text.h"
#include "tests/serve/answered.h"

namespace pixnerd::serve {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    add("GET", "/", "home");
    add("GET", "/jobs", "list");
    add("POST", "/jobs", "new");
    add("GET", "/jobs/{id}", "one");
    add("DELETE", "/jobs/{id}", "gone");
    add("GET", "/jobs/{id}/events", "events");
    router_.add("GET", "/fails/{how}", error_response,
                std::function<http::Response(const http::Request&, const Parts&)>(
                    [](const http::Request&, const Parts& parts) -> http::Response {
                      if (parts[0] == "asked") throw RequestError("this cannot be");
                      if (parts[0] == "refused") throw Refusal(418, "teapot", "no coffee here", "cup", {"tea"});
                      throw std::runtime_error("the machine is tired");
                    }));
  }

  void add(const char* method, const char* path, const char* name) {
    router_.add(method, path, error_response,
                std::function<http::Response(const http::Request&, const Parts&)>(
                    [name](const http::Request&, const Parts& parts) {
                      return http::response(200, "text/plain", concat(name, " ", join(parts, ",")));
                    }));
  }

  http::Response ask(const std::string& method, const std::string& path) const {
    const auto exchange = exchange_for(method, path);
    router_.handle(exchange);
    EXPECT_TRUE(exchange->answered) << path;
    return exchange->answered.value_or(http::Response{});
  }

  Router router_;
};

TEST_F(RouterTest, FindsTheHandler) {
  EXPECT_EQ(*ask("GET", "/").body, "home ");
  EXPECT_EQ(*ask("GET", "/jobs").body, "list ");
  EXPECT_EQ(*ask("POST", "/jobs").body, "new ");
  EXPECT_EQ(*ask("GET", "/jobs/a b").body, "one a b");
  EXPECT_EQ(*ask("GET", "/jobs/7/events").body, "events 7");
  EXPECT_EQ(*ask("GET", "/jobs/").body, "one ");
  EXPECT_EQ(*ask("GET", "/jobs/..").body, "one ..");
  EXPECT_EQ(*ask("HEAD", "/jobs").body, "list ");
}

TEST_F(RouterTest, WhatIsNotThereIs404WithTheNearest) {
  for (const char* const path : {"/job", "/jobs/7/event", "/jobs/7/events/8", "/JOBS", "//jobs"}) {
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  }
  EXPECT_NE(ask("GET", "/job").body->find("did you mean /jobs?"), std::string::npos);
  EXPECT_EQ(ask("POST", "/nowhere/at/all").body->find("did you mean"), std::string::npos);
}

TEST_F(RouterTest, AnotherMethodIs405WithThoseThatAre) {
  const http::Response answer = ask("PUT", "/jobs/7");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(*http::find(answer.headers, "Allow"), "DELETE, GET");
  EXPECT_EQ(ask("get", "/jobs").status, 405);
  EXPECT_EQ(ask("DELETE", "/").status, 405);
}

TEST_F(RouterTest, WhatAHandlerThrowsIsAnswered) {
  EXPECT_EQ(ask("GET", "/fails/asked").status, 400);
  EXPECT_EQ(*ask("GET", "/fails/refused").body,
            R"({"error":{"message":"no coffee here","type":"invalid_request_error","code":"teapot","param":"cup",)"
            R"("nearest":["tea"]}})");
  const http::Response tired = ask("GET", "/fails/otherwise");
  EXPECT_EQ(tired.status, 500);
  EXPECT_NE(tired.body->find("\"server_error\""), std::string::npos);
}

TEST_F(RouterTest, SaysWhichRoutesThereAre) {
  EXPECT_EQ(router_.routes(), (std::vector<std::string>{"DELETE /jobs/{id}", "GET /", "GET /fails/{how}", "GET /jobs",
                                                        "GET /jobs/{id}", "GET /jobs/{id}/events", "POST /jobs"}));
}

}  // namespace
}  // namespace pixnerd::serve
