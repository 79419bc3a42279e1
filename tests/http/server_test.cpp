// A server and clients that behave.
#include "http/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fcntl.h>
#include <atomic>

#include "core/errors.h"
#include "core/text.h"
#include "tests/http/client.h"
#include "tests/http/served.h"

namespace pixnerd::http {
namespace {

using ServerTest = EchoTest;

TEST_F(ServerTest, AnswersARequest) {
  Served served(routes_);
  Client client(served.port());
  const std::string answer = client.ask(get("/echo?a=1&b=x%20y"));
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), "GET /echo\na=1\nb=x y\n");
  EXPECT_EQ(header_of(answer, "X-Peer"), "127.0.0.1");
  EXPECT_EQ(header_of(answer, "Content-Length"), "20");
  EXPECT_EQ(header_of(answer, "Date").substr(25), " GMT");
  EXPECT_EQ(header_of(answer, "Connection"), "");
}

TEST_F(ServerTest, NamesAPeerAsItIsKnown) {
  ServerOptions options;
  options.address = "::";  // of both families
  try {
    Served served(routes_, options);
    EXPECT_EQ(header_of(Client(served.port()).ask(get("/echo")), "X-Peer"), "127.0.0.1");
  } catch (const RequestError&) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
}

TEST_F(ServerTest, KeepsAConnection) {
  Served served(routes_);
  Client client(served.port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(body_of(client.ask(post("/echo", "abc"))), "POST /echo\nabc");
  EXPECT_EQ(served.server.statistics().requests, 3U);
  EXPECT_EQ(served.server.statistics().connections, 1U);
}

TEST_F(ServerTest, AnswersInTheOrderOfRequestsThatComeAtOnce) {
  Served served(routes_);
  Client client(served.port());
  client.send(post("/echo", "one") + get("/echo?two") + "\r\n" + post("/echo", "three"));
  EXPECT_EQ(body_of(client.answer()), "POST /echo\none");
  EXPECT_EQ(body_of(client.answer()), "GET /echo\ntwo=\n");
  EXPECT_EQ(body_of(client.answer()), "POST /echo\nthree");
}

TEST_F(ServerTest, TakesManyRequestsAhead) {
  Served served(routes_);
  Client client(served.port());
  std::thread sender([&] {
    for (int i = 0; i < 300; ++i) client.send(post("/echo", std::string(1000, 'x')));
  });
  for (int i = 0; i < 300; ++i) EXPECT_EQ(body_of(client.answer()).size(), 1011U);
  sender.join();
}

TEST_F(ServerTest, TakesARequestByteByByte) {
  Served served(routes_);
  Client client(served.port());
  for (const char c : post("/echo", "slow")) client.send({&c, 1});
  EXPECT_EQ(body_of(client.answer()), "POST /echo\nslow");
}

TEST_F(ServerTest, TakesABodyInChunks) {
  Served served(routes_);
  Client client(served.port());
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(body_of(client.ask(head + "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n")),
            "POST /echo\nabc0123456789");
  for (const char c : head + "2\r\nde\r\n0\r\n\r\n") client.send({&c, 1});
  EXPECT_EQ(body_of(client.answer()), "POST /echo\nde");
}

TEST_F(ServerTest, TakesALargeBodyAndSendsOne) {
  Served served(routes_);
  Client client(served.port());
  std::string body(20 << 20, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7919 >> 5);
  std::thread sender([&] { client.send(post("/echo", body)); });
  EXPECT_TRUE(body_of(client.answer()) == "POST /echo\n" + body);
  sender.join();
}

TEST_F(ServerTest, LeavesTheBodyOutForHead) {
  Served served(routes_);
  Client client(served.port());
  client.send("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n" + get("/echo"));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(header_of(head, "Content-Length"), "11");
  EXPECT_EQ(status_of(client.answer()), 200);
}

TEST_F(ServerTest, LeavesTheBodyOutWhereThereIsNone) {
  routes_.routes["/none"] = [](const std::shared_ptr<Exchange>& exchange) { exchange->answer({204, {}, nullptr}); };
  Served served(routes_);
  Client client(served.port());
  const std::string answer = client.ask(get("/none"));
  EXPECT_EQ(status_of(answer), 204);
  EXPECT_EQ(header_of(answer, "Content-Length"), "");
  EXPECT_EQ(status_of(client.ask(get("/echo"))), 200);
}

TEST_F(ServerTest, ClosesWhereItIsAskedTo) {
  Served served(routes_);
  Client client(served.port());
  const std::string answer = client.ask(get("/echo", "Connection: close\r\n"));
  EXPECT_EQ(header_of(answer, "Connection"), "close");
  EXPECT_TRUE(client.is_closed_by_the_server());
}

TEST_F(ServerTest, SpeaksTheOlderVersion) {
  Served served(routes_);
  Client client(served.port());
  client.send("GET /echo HTTP/1.0\r\n\r\n");
  const std::string answer = client.read_all();
  EXPECT_EQ(body_of(answer), "GET /echo\n");
  EXPECT_EQ(header_of(answer, "Connection"), "close");

  Client keeper(served.port());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(header_of(keeper.ask("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "Connection"),
              "keep-alive");
  }
}

TEST_F(ServerTest, AsksForABodyThatWaitsForIt) {
  Served served(routes_);
  Client client(served.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(body_of(client.ask("abc")), "POST /echo\nabc");
}

TEST_F(ServerTest, RefusesWithoutReadingTheBody) {
  std::atomic<bool> was_seen = false;
  routes_.admission = [&](const Request& head) -> std::optional<Response> {
    if (find(head.headers, "authorization") != nullptr) return std::nullopt;
    was_seen = head.path == "/echo" && head.body.empty() && head.peer == "127.0.0.1";
    return response(401, "text/plain", "who?", {{"WWW-Authenticate", "Bearer"}});
  };
  Served served(routes_);
  Client client(served.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = client.answer();
  EXPECT_EQ(status_of(answer), 401);
  EXPECT_EQ(header_of(answer, "Connection"), "close");
  EXPECT_TRUE(was_seen);

  // One that does not wait for the answer gets it all the same, though much of its body is never read.
  Client hasty(served.port());
  EXPECT_TRUE(hasty.try_send(post("/echo", std::string(30000000, 'x'))));
  EXPECT_EQ(status_of(hasty.answer()), 401);

  // Where there is no body the connection stays.
  Client other(served.port());
  EXPECT_EQ(status_of(other.ask(get("/echo"))), 401);
  EXPECT_EQ(status_of(other.ask(get("/echo", "Authorization: yes\r\n"))), 200);
  EXPECT_EQ(served.server.statistics().refused, 3U);
}

TEST_F(ServerTest, AnswersFromOtherThreads) {
  Served served(routes_);
  Client client(served.port());
  client.send(get("/keep") + get("/echo"));
  const auto exchange = kept_.take().value();
  std::thread([&] { exchange->answer(response(202, "text/plain", "later")); }).join();
  exchange->answer(response(500, "text/plain", "only the first counts"));
  EXPECT_EQ(body_of(client.answer()), "later");
  EXPECT_EQ(status_of(client.answer()), 200);
}

TEST_F(ServerTest, AnswersOnceForAHandlerThatFails) {
  routes_.routes["/throw"] = [](const std::shared_ptr<Exchange>&) { throw DataError("broken"); };
  routes_.routes["/drop"] = [](const std::shared_ptr<Exchange>&) {};
  routes_.routes["/both"] = [](const std::shared_ptr<Exchange>& exchange) {
    exchange->answer(response(200, "text/plain", "done"));
    throw DataError("too late");
  };
  Served served(routes_);
  Client client(served.port());
  EXPECT_EQ(status_of(client.ask(get("/throw"))), 500);
  EXPECT_EQ(status_of(client.ask(get("/drop"))), 500);
  EXPECT_EQ(status_of(client.ask(get("/both"))), 200);
  EXPECT_EQ(status_of(client.ask(get("/echo"))), 200);
}

TEST_F(ServerTest, SendsNoHeaderThatSaysSomethingElse) {
  const Fields bad = {{"X-A", "a\r\nSet-Cookie: b"}, {"X A", "a"}, {"", "a"}, {"X-A", std::string("\0", 1)},
                      {"Content-Length", "1"},       {"date", ""}};
  size_t next = 0;
  routes_.routes["/bad"] = [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->answer(response(200, "text/plain", "", {bad.at(next++)}));
  };
  routes_.routes["/stream"] = [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->stream({200, {bad[0]}, nullptr}, [] { return std::nullopt; });
  };
  routes_.routes["/status"] = [&](const std::shared_ptr<Exchange>& exchange) { exchange->answer({99, {}, nullptr}); };
  Served served(routes_);
  Client client(served.port());
  for (size_t i = 0; i < bad.size(); ++i) {
    const std::string answer = client.ask(get("/bad"));
    EXPECT_EQ(status_of(answer), 500) << bad[i].first;
    EXPECT_EQ(answer.find("Set-Cookie"), std::string::npos);
  }
  EXPECT_EQ(status_of(client.ask(get("/stream"))), 500);
  EXPECT_EQ(status_of(client.ask(get("/status"))), 500);
}

TEST_F(ServerTest, IsStoppedBeforeItRuns) {
  Server server({}, routes_);
  server.stop(0);
  server.stop(1);
  server.run();
  const Server never({}, routes_);
  EXPECT_NE(never.port(), 0);
}

TEST_F(ServerTest, RefusesAddressesAndPortsThatCanNotBe) {
  ServerOptions options;
  for (const char* address : {"localhost", "", "1.2.3.4.5", "203.0.113.1"}) {
    options.address = address;
    EXPECT_THROW(Server(options, routes_), RequestError) << address;
  }
  const Server first({}, routes_);
  options = {};
  options.port = first.port();
  EXPECT_THROW(Server(options, routes_), RequestError);
}

// A server that lacks file descriptors answers when it has some again.
TEST_F(ServerTest, OutlivesALackOfDescriptors) {
  Served served(routes_);
  Client before(served.port());
  before.ask(get("/echo"));
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  Client client(served.port());  // its socket is there; the server's other half is not
  client.ask(get("/echo"));
  std::vector<Descriptor> all;
  const int next = ::dup(0);
  ::close(next);
  rlimit low = old;
  low.rlim_cur = static_cast<rlim_t>(next) + 1;
  setrlimit(RLIMIT_NOFILE, &low);
  Client late(served.port());
  late.send(get("/echo"));
  usleep(150000);
  EXPECT_EQ(status_of(before.ask(get("/echo"))), 200);
  setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_EQ(status_of(late.answer()), 200);
}

}  // namespace
}  // namespace pixnerd::http
