#include "serve/answers.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "serve/context.h"
#include "tests/serve/header.h"
#include "tests/serve/refused.h"

namespace pixnerd::serve {
namespace {

TEST(Answers, AnErrorIsOneSentenceWithItsKind) {
  Refusal refusal(400, "invalid_field", "count must be\nmore", "count");
  http::Response answer = error_response(refusal);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(*answer.body,
            R"({"error":{"message":"count must be?more","type":"invalid_request_error","code":"invalid_field",)"
            R"("param":"count"}})");
  EXPECT_EQ(header(answer, "Content-Type"), "application/json");
  EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
  EXPECT_EQ(header(answer, "Retry-After"), "");
}

TEST(Answers, EveryStatusHasItsType) {
  const auto type = [](int status) {
    const config::Value body = json(*error_response({status, "code", "sentence"}).body);
    return body.at("error").at("type").scalar;
  };
  EXPECT_EQ(type(400), "invalid_request_error");
  EXPECT_EQ(type(401), "authentication_error");
  EXPECT_EQ(type(403), "permission_error");
  EXPECT_EQ(type(404), "not_found_error");
  EXPECT_EQ(type(415), "invalid_request_error");
  EXPECT_EQ(type(429), "rate_limit_error");
  EXPECT_EQ(type(500), "server_error");
  EXPECT_EQ(type(503), "server_error");
}

TEST(Answers, SayWhenToComeAgainAndHowToShowTheToken) {
  Refusal full(429, "queue_full", "the queue is full");
  full.retry_after = 2.1;
  EXPECT_EQ(header(error_response(full), "Retry-After"), "3");
  EXPECT_NE(header(error_response({401, "token_required", "a token"}), "WWW-Authenticate").find("Bearer"),
            std::string::npos);
}

TEST(Answers, ErrorsThatAreNoRefusalsAreTheServersUnlessAskedWrongly) {
  const auto status = [](const auto& error) {
    return guarded([&]() -> http::Response { throw error; }, error_response).status;
  };
  EXPECT_EQ(status(RequestError("a")), 400);
  EXPECT_EQ(status(ConfigError("a")), 400);
  EXPECT_EQ(status(DataError("a")), 500);
  EXPECT_EQ(status(CheckpointError("a")), 500);
  EXPECT_EQ(status(std::bad_alloc()), 500);
  EXPECT_EQ(status(Refusal(429, "a", "b")), 429);
}

http::Request sent(const std::string& body, const std::string& type) {
  http::Request request;
  request.body = body;
  request.peer = "10.0.0.1";
  if (!type.empty()) request.headers.emplace_back("content-type", type);
  return request;
}

TEST(JsonBody, NeedsItsContentType) {
  EXPECT_EQ(json_body(sent("", "")).kind, config::Value::Kind::map);
  for (const char* const type : {"application/json", "Application/JSON; charset=utf-8", "application/json ; a=b"}) {
    EXPECT_NE(json_body(sent(R"({"a":1})", type)).find("a"), nullptr) << type;
  }
  for (const char* const type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                                 "application/jsonp", "text/json"}) {
    EXPECT_EQ(refused([&] { json_body(sent("{}", type)); }).status, 415) << type;
  }
}

TEST(JsonBody, IsRefusedWhereItIsBroken) {
  for (const std::string& body :
       {std::string("{"), std::string("{}{}"), std::string(R"({"a":1,"a":2})"), std::string("\xff"), std::string("NaN"),
        std::string(10'000, '['), std::string("{'a':1}"), std::string("{\"a\":\"\x01\"}"), std::string(1, '\0')}) {
    const Refusal refusal = refused([&] { json_body(sent(body, "application/json")); });
    EXPECT_EQ(refusal.code, "invalid_json");
    EXPECT_LT(std::string(refusal.what()).size(), 300u);
  }
}

TEST(ClientOf, IsTheAddressAndTheWordThatItNamesItselfBy) {
  http::Request request = sent("", "");
  EXPECT_EQ(client_of(request), "10.0.0.1");
  EXPECT_EQ(client_of(request, "page"), "10.0.0.1/page");
  request.headers.emplace_back("X-Client-Id", "bot\n");
  EXPECT_EQ(client_of(request), "10.0.0.1/bot?");
  EXPECT_EQ(client_of(request, "page"), "10.0.0.1/page");
  EXPECT_LT(client_of(request, std::string(5000, 'x')).size(), 200u);
}

}  // namespace
}  // namespace pixnerd::serve
