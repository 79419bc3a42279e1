#include "serve/gate.h"

#include <gtest/gtest.h>

#include <chrono>

#include "core/text.h"
#include "http/base64.h"
#include "http/secret.h"
#include "tests/serve/header.h"
#include "tests/serve/refused.h"

namespace pixnerd::serve {
namespace {

constexpr const char* kToken = "correct horse battery";

http::Request request(const std::string& method, const std::string& path, http::Fields headers = {}) {
  http::Request made;
  made.method = method;
  made.path = path;
  made.headers = std::move(headers);
  made.peer = "127.0.0.1";
  if (http::find(made.headers, "host") == nullptr) made.headers.emplace_back("Host", "localhost:7860");
  return made;
}

// The status that a request is refused with; 0: it comes in.
int refusal(Gate& gate, const http::Request& head) {
  const auto answer = gate.admit(head);
  return answer ? answer->status : 0;
}

GateOptions with_token() {
  GateOptions options;
  options.token = kToken;
  return options;
}

TEST(GateHost, AddressesAndLocalhostComeIn) {
  Gate gate({});
  for (const char* const host : {"localhost", "localhost:7860", "LocalHost:1", "127.0.0.1", "127.0.0.1:7860",
                                 "192.168.1.5:80", "[::1]", "[::1]:7860", "[fe80::1]:7860", "localhost:"}) {
    EXPECT_EQ(refusal(gate, request("GET", "/api/status", {{"Host", host}})), 0) << host;
  }
}

TEST(GateHost, NamesThatResolveToThisMachineDoNot) {
  Gate gate({});
  for (const char* const host :
       {"evil.example", "evil.example:7860", "localhost.evil.example", "127.0.0.1.evil.example", "localhost.", "",
        "127.0.0.1:7860:1", "127.0.0.1@evil.example", "[::1].evil.example", "[::1", "[]", "[evil.example]:80", "::1",
        "2130706433", "0x7f.1", "127.1", "localhost:80a", " localhost", "[::1]evil:80"}) {
    const auto answer = gate.admit(request("GET", "/", {{"Host", host}}));
    ASSERT_TRUE(answer) << host;
    EXPECT_EQ(answer->status, 403) << host;
    EXPECT_NE(answer->body->find("\"unknown_host\""), std::string::npos);
  }
}

TEST(GateHost, AllowedNamesDo) {
  GateOptions options;
  options.allowed_hosts = {"Draw.Example"};
  Gate gate(options);
  EXPECT_EQ(refusal(gate, request("GET", "/", {{"Host", "draw.example"}})), 0);
  EXPECT_EQ(refusal(gate, request("GET", "/", {{"Host", "DRAW.example:443"}})), 0);
  EXPECT_EQ(refusal(gate, request("GET", "/", {{"Host", "www.draw.example"}})), 403);
}

TEST(GateToken, IsAskedForBeforeAnythingIsSaid) {
  Gate gate(with_token());
  for (const char* const path : {"/api/status", "/api/jobs", "/v1/models", "/sdapi/v1/txt2img", "/metrics", "/logout",
                                 "/api", "/pages", "/healthy", "/page", "//", "/health/../api/jobs", "/nothing"}) {
    const auto answer = gate.admit(request("GET", path));
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 401) << path;
    EXPECT_EQ(header(*answer, "WWW-Authenticate"), R"(Bearer realm="pixnerd", Basic realm="pixnerd")");
  }
  for (const char* const path : {"/", "/page/app.js", "/health", "/login", "/favicon.ico"}) {
    EXPECT_EQ(refusal(gate, request("GET", path)), 0) << path;
  }
}

TEST(GateToken, ComesAsBearerOrBasic) {
  Gate gate(with_token());
  const auto with = [&](const std::string& authorization) {
    return refusal(gate, request("GET", "/api/jobs", {{"Authorization", authorization}}));
  };
  EXPECT_EQ(with(concat("Bearer ", kToken)), 0);
  EXPECT_EQ(with(concat("bearer ", kToken)), 0);
  EXPECT_EQ(with("Basic " + http::base64(concat("anybody:", kToken))), 0);
  EXPECT_EQ(with("basic " + http::base64(concat(":", kToken))), 0);
  for (const std::string& wrong :
       {std::string("Bearer"), std::string("Bearer "), std::string("Bearer correct horse batter"),
        concat("Bearer ", kToken, "y"), concat("Bearer  ", kToken), std::string(kToken), concat("Token ", kToken),
        "Basic " + http::base64(kToken), "Basic " + http::base64(concat(kToken, ":")), concat("Basic ", kToken),
        std::string("Basic !!!!"), std::string("Basic ")}) {
    Gate fresh(with_token());
    EXPECT_EQ(refusal(fresh, request("GET", "/api/jobs", {{"Authorization", wrong}})), 401) << wrong;
  }
}

TEST(GateToken, IsNotGuessedInARow) {
  Gate gate(with_token());
  const auto from = [&](const char* peer, const std::string& token) {
    http::Request made = request("GET", "/api/jobs", {{"Authorization", concat("Bearer ", token)}});
    made.peer = peer;
    return refusal(gate, made);
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(from("10.0.0.1", concat("wrong", i)), 401);
  EXPECT_EQ(from("10.0.0.1", "wrong again"), 429);
  EXPECT_EQ(from("10.0.0.1", kToken), 429);
  EXPECT_EQ(from("10.0.0.2", kToken), 0);
}

http::Request login(const std::string& body, const std::string& type = "application/json") {
  http::Request made = request("POST", "/login", {{"Content-Type", type}});
  made.body = body;
  return made;
}

// "pixnerd_session=..." of an answer's Set-Cookie.
std::string cookie_of(const http::Response& response) {
  const std::string all = header(response, "Set-Cookie");
  return all.substr(0, all.find(';'));
}

TEST(GateLogin, GivesACookieThatComesIn) {
  Gate gate(with_token());
  for (const auto& [body, type] : {std::pair(concat(R"({"token":")", kToken, "\"}"), "application/json"),
                                   {"a=b&token=correct+horse%20battery", "application/x-www-form-urlencoded"}}) {
    const http::Response answer = gate.login(login(body, type));
    EXPECT_EQ(answer.status, 204);
    const std::string cookie = header(answer, "Set-Cookie");
    for (const char* const part :
         {"pixnerd_session=", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=2592000"}) {
      EXPECT_NE(cookie.find(part), std::string::npos) << cookie;
    }
    EXPECT_EQ(cookie.find("Secure"), std::string::npos);
    EXPECT_EQ(refusal(gate, request("GET", "/api/jobs", {{"Cookie", "a=b; " + cookie_of(answer) + "; c=d"}})), 0);
  }
}

TEST(GateLogin, IsSecureBehindAProxyOfHttps) {
  Gate gate(with_token());
  http::Request made = login(concat(R"({"token":")", kToken, "\"}"));
  made.headers.emplace_back("X-Forwarded-Proto", "https");
  EXPECT_TRUE(header(gate.login(made), "Set-Cookie").ends_with("; Secure"));
}

TEST(GateLogin, NobodyMakesACookieWithoutTheToken) {
  Gate gate(with_token());
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  const auto signed_by = [](const char* key, int64_t expiry) {
    return concat(expiry, ".", http::signature(key, concat("pixnerd session until ", expiry)));
  };
  const auto with = [&](const std::string& session) {
    return refusal(gate, request("GET", "/api/jobs", {{"Cookie", "pixnerd_session=" + session}}));
  };
  const std::string good = signed_by(kToken, seconds + 100);
  EXPECT_EQ(with(good), 0);
  EXPECT_EQ(with(signed_by(kToken, seconds - 10)), 401);                      // over
  EXPECT_EQ(with(signed_by("another token", seconds + 100)), 401);            // of another server
  EXPECT_EQ(with(concat(seconds + 9999, good.substr(good.find('.')))), 401);  // made longer
  for (const std::string& wrong :
       {std::string(), std::string("."), std::string("9999999999."), good + "0", good.substr(0, good.size() - 1),
        "+" + good, " 1" + good, "0x" + good, std::string("99999999999999999999999.ab"), std::string("-1.ab")}) {
    EXPECT_EQ(with(wrong), 401) << wrong;
  }
}

TEST(GateLogin, WrongTokensAreCounted) {
  Gate gate(with_token());
  for (int i = 0; i < 10; ++i) {
    const Refusal wrong = refused([&] { gate.login(login(concat(R"({"token":"wrong )", i, "\"}"))); });
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(wrong.code, "wrong_token");
  }
  const std::string right = concat(R"({"token":")", kToken, "\"}");
  const Refusal late = refused([&] { gate.login(login(right)); });
  EXPECT_EQ(late.status, 429);
  EXPECT_GT(late.retry_after, 0);
  http::Request other = login(right);
  other.peer = "10.0.0.7";
  EXPECT_EQ(gate.login(other).status, 204);
}

TEST(GateLogin, WhatSaysNoTokenIsWrong) {
  for (const char* const body :
       {"{}", "[]", "3", R"({"token":null})", R"({"token":{"a":"b"}})", R"({"token":["a"]})", ""}) {
    Gate gate(with_token());
    const auto answer = [&] {
      try {
        return gate.login(login(body)).status;
      } catch (const Refusal& refusal) {
        return refusal.status;
      } catch (const ConfigError&) {
        return 400;
      }
    }();
    EXPECT_TRUE(answer == 401 || answer == 400) << body;
  }
  for (const char* const body :
       {"", "token", "token=", "tokens=correct+horse+battery", "token=%", "%00", "=", "&&", "#"}) {
    Gate gate(with_token());
    EXPECT_EQ(refused([&] { gate.login(login(body, "application/x-www-form-urlencoded")); }).status, 401) << body;
  }
}

TEST(GateLogin, LogoutTakesTheCookieBack) {
  EXPECT_TRUE(header(Gate(with_token()).logout(), "Set-Cookie").starts_with("pixnerd_session=; Path=/; Max-Age=0;"));
}

TEST(GateOrigin, WhatChangesSomethingComesFromOwnPages) {
  GateOptions options;
  options.allowed_origins = {"https://draw.example"};
  Gate gate(options);
  const auto post = [&](http::Fields headers) {
    return refusal(gate, request("POST", "/api/jobs", std::move(headers)));
  };
  EXPECT_EQ(post({}), 0);  // a program
  EXPECT_EQ(post({{"Origin", "http://localhost:7860"}}), 0);
  EXPECT_EQ(post({{"Origin", "https://draw.example"}}), 0);
  EXPECT_EQ(post({{"Origin", "https://draw.example"}, {"Sec-Fetch-Site", "cross-site"}}), 0);
  EXPECT_EQ(post({{"Sec-Fetch-Site", "same-origin"}}), 0);
  EXPECT_EQ(post({{"Sec-Fetch-Site", "none"}}), 0);
  EXPECT_EQ(post({{"Sec-Fetch-Site", "cross-site"}}), 403);
  for (const char* const origin :
       {"https://evil.example", "null", "http://localhost", "http://localhost:7861", "http://127.0.0.1:7860",
        "https://draw.example.evil.example", "http://draw.example", "localhost:7860", "http://localhost:7860/", "x"}) {
    EXPECT_EQ(post({{"Origin", origin}}), 403) << origin;
    EXPECT_EQ(refusal(gate, request("DELETE", "/api/jobs/1", {{"Origin", origin}})), 403) << origin;
    EXPECT_EQ(refusal(gate, request("GET", "/api/jobs", {{"Origin", origin}})), 0) << origin;
  }
}

TEST(GateOrigin, CorsIsForAllowedOriginsAlone) {
  GateOptions options = with_token();
  options.allowed_origins = {"https://draw.example"};
  Gate gate(options);
  const auto preflight = gate.admit(request("OPTIONS", "/api/jobs", {{"Origin", "https://draw.example"}}));
  ASSERT_TRUE(preflight);
  EXPECT_EQ(preflight->status, 204);
  EXPECT_NE(header(*preflight, "Access-Control-Allow-Headers").find("Authorization"), std::string::npos);
  EXPECT_EQ(refusal(gate, request("OPTIONS", "/api/jobs", {{"Origin", "https://evil.example"}})), 403);
  EXPECT_EQ(refusal(gate, request("OPTIONS", "/api/jobs")), 403);
  // And a foreign page needs the token as everybody does.
  EXPECT_EQ(refusal(gate, request("POST", "/api/jobs", {{"Origin", "https://draw.example"}})), 401);
}

TEST(GateHeaders, KeepPagesFromBeingFramedSniffedAndRead) {
  GateOptions options;
  options.allowed_origins = {"https://draw.example"};
  Gate gate(options);
  const http::Response own{200, gate.headers(request("GET", "/")), nullptr};
  EXPECT_EQ(header(own, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(own, "X-Frame-Options"), "DENY");
  EXPECT_NE(header(own, "Content-Security-Policy").find("default-src 'self'; img-src 'self' data: blob:"),
            std::string::npos);
  EXPECT_NE(header(own, "Content-Security-Policy").find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(header(own, "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(header(own, "Cross-Origin-Resource-Policy"), "same-origin");
  const http::Response allowed{200, gate.headers(request("GET", "/", {{"Origin", "https://draw.example"}})), nullptr};
  EXPECT_EQ(header(allowed, "Access-Control-Allow-Origin"), "https://draw.example");
  EXPECT_EQ(header(allowed, "Vary"), "Origin");
  const http::Response foreign{200, gate.headers(request("GET", "/", {{"Origin", "https://evil.example"}})), nullptr};
  EXPECT_EQ(header(foreign, "Access-Control-Allow-Origin"), "");
}

}  // namespace
}  // namespace pixnerd::serve
