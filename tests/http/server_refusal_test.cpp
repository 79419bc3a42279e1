// What is no request, and who takes too long over one: each ends in its status, and the server goes on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "core/text.h"
#include "core/timing.h"
#include "tests/http/client.h"
#include "tests/http/served.h"

namespace pixnerd::http {
namespace {

struct Case {
  const char* what;
  int status;
  std::string text;
};

class ServerRefusalTest : public EchoTest {
 protected:
  ServerRefusalTest() {
    options_.most_header_bytes = 2000;
    options_.most_body_bytes = 100000;
    options_.header_seconds = options_.body_seconds = 0.3;
  }

  // The status of the last answer on a connection, which must end with it.
  static int refusal_of(uint16_t port, const std::string& text) {
    Client client(port);
    client.try_send(text);
    const std::string answer = client.answer();
    EXPECT_EQ(header_of(answer, "Connection"), "close");
    EXPECT_FALSE(body_of(answer).empty());
    EXPECT_TRUE(client.is_closed_by_the_server());
    return status_of(answer);
  }

  void expect_all(const std::vector<Case>& cases) {
    bool was_handled = false;
    routes_.routes["/x"] = [&](const std::shared_ptr<Exchange>&) { was_handled = true; };
    Served served(routes_, options_);
    for (const Case& one : cases) {
      EXPECT_EQ(refusal_of(served.port(), one.text), one.status) << one.what;
      EXPECT_FALSE(was_handled) << one.what;
      Client after(served.port());
      ASSERT_EQ(status_of(after.ask(get("/echo"))), 200) << one.what;
    }
    EXPECT_EQ(served.server.statistics().refused, cases.size());
  }

  ServerOptions options_;
};

std::string with(const std::string& fields, const std::string& body = {}) {
  return concat("POST /x HTTP/1.1\r\nHost: a\r\n", fields, "\r\n", body);
}

TEST_F(ServerRefusalTest, OfWhatIsNoRequest) {
  expect_all({
      {"no HTTP", 400, "hello\r\n\r\n"},
      {"TLS", 400, std::string("\x16\x03\x01\x02\x00\x01", 6)},
      {"no version", 400, "GET /x\r\n\r\n"},
      {"a version of the past", 505, "GET /x HTTP/0.9\r\nHost: a\r\n\r\n"},
      {"a version of the future", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"two blanks", 400, "GET  /x HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no path", 400, "GET x HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"another host's", 400, "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a way through", 400, "CONNECT b:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"the server itself", 400, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"half a percent sign", 400, "GET /x%4 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a zero byte", 400, "GET /x%00 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a fragment", 400, "GET /x#y HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a control character", 400, with("A: \x01\r\n")},
      {"a field without a colon", 400, with("A\r\n")},
      {"a field without a name", 400, with(": a\r\n")},
      {"a blank before the colon", 400, with("A : a\r\n")},
      {"a blank before the first field", 400, "GET /x HTTP/1.1\r\n Host: a\r\n\r\n"},
      {"a field on two lines", 400, with("A: a\r\n b\r\n")},
      {"a field on two lines, with a tabulator", 400, with("A: a\r\n\tb\r\n")},
      {"a line feed alone", 400, "GET /x HTTP/1.1\nHost: a\n\n"},
      {"a line feed alone in a header", 400, with("A: a\nB: b\r\n")},
      {"a line feed alone at the end", 400, "GET /x HTTP/1.1\r\nHost: a\r\n\n"},
      {"a carriage return alone", 400, with("A: a\rB: b\r\n")},
      {"no host", 400, "GET /x HTTP/1.1\r\n\r\n"},
      {"two hosts", 400, with("Host: b\r\n")},
      {"two hosts in the older version", 400, "GET /x HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
      {"another expectation", 417, with("Expect: rain\r\n")},
  });
}

TEST_F(ServerRefusalTest, OfLengthsThatCanBeReadInTwoWays) {
  const std::string chunks = "3\r\nabc\r\n0\r\n\r\n";
  expect_all({
      {"a length and chunks", 400, with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", chunks)},
      {"chunks and a length", 400, with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", chunks)},
      {"two lengths", 400, with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")},
      {"two lengths alike", 400, with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")},
      {"two lengths in one field", 400, with("Content-Length: 3, 3\r\n", "abc")},
      {"a length with a sign", 400, with("Content-Length: +3\r\n", "abc")},
      {"a negative length", 400, with("Content-Length: -3\r\n", "abc")},
      {"a hexadecimal length", 400, with("Content-Length: 0x3\r\n", "abc")},
      {"an empty length", 400, with("Content-Length:\r\n", "abc")},
      {"a length beyond all numbers", 400, with("Content-Length: 99999999999999999999999\r\n", "abc")},
      {"chunks in the older version", 400,
       "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks},
      {"chunks twice", 400, with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks)},
      {"chunks twice in one field", 501, with("Transfer-Encoding: chunked, chunked\r\n", chunks)},
      {"another coding", 501, with("Transfer-Encoding: gzip, chunked\r\n", chunks)},
      {"another coding after chunks", 501, with("Transfer-Encoding: chunked, identity\r\n", chunks)},
      {"a word like chunked", 501, with("Transfer-Encoding: xchunked\r\n", chunks)},
      {"a chunk that is no number", 400, with("Transfer-Encoding: chunked\r\n", "x\r\nabc\r\n0\r\n\r\n")},
      {"a chunk with a sign", 400, with("Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n0\r\n\r\n")},
      {"a negative chunk", 400, with("Transfer-Encoding: chunked\r\n", "-3\r\nabc\r\n0\r\n\r\n")},
      {"a chunk of C", 400, with("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n")},
      {"a blank before a chunk", 400, with("Transfer-Encoding: chunked\r\n", " 3\r\nabc\r\n0\r\n\r\n")},
      {"an empty chunk size", 400, with("Transfer-Encoding: chunked\r\n", "\r\nabc\r\n0\r\n\r\n")},
      {"a chunk that is longer", 400, with("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n")},
      {"a chunk's line feed alone", 400, with("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n")},
      {"a chunk beyond all numbers", 400,
       with("Transfer-Encoding: chunked\r\n", "10000000000000003\r\nabc\r\n0\r\n\r\n")},
      {"a chunk's endless extension", 400, with("Transfer-Encoding: chunked\r\n", "3;" + std::string(90000, 'x'))},
  });
}

TEST_F(ServerRefusalTest, OfWhatIsTooLong) {
  const std::string chunk = "C350\r\n" + std::string(50000, 'x') + "\r\n";
  expect_all({
      {"a field", 431, with("A: " + std::string(3000, 'a') + "\r\n")},
      {"a target", 431, "GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a header without end", 431, with("A: " + std::string(3000, 'a'))},
      {"a body", 413, with("Content-Length: 100001\r\n")},
      {"one that is sent", 413, with("Content-Length: 3000000\r\n", std::string(3000000, 'x'))},
      {"a chunk", 413, with("Transfer-Encoding: chunked\r\n", "FFFFFFF\r\n")},
      {"chunks", 413, with("Transfer-Encoding: chunked\r\n", chunk + chunk + "1\r\nx\r\n0\r\n\r\n")},
  });
}

TEST_F(ServerRefusalTest, HasItsSentenceAlsoAfterARequestForAHead) {
  Served served(routes_, options_);
  Client client(served.port());
  client.send("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n");
  EXPECT_EQ(status_of(client.read_until("\r\n\r\n")), 200);
  const std::string refusal = client.answer();
  EXPECT_EQ(status_of(refusal), 400);
  EXPECT_FALSE(body_of(refusal).empty());
}

TEST_F(ServerRefusalTest, OfAHeaderThatIsTooLongThoughItComesInSmallPieces) {
  Served served(routes_, options_);
  Client client(served.port());
  client.send("GET /x HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; i < 300 && client.try_send("A: aaaaaaa\r\n"); ++i) usleep(100);
  EXPECT_EQ(status_of(client.answer()), 431);
}

TEST_F(ServerRefusalTest, OfOneWhoTakesTooLongOverAHeader) {
  Served served(routes_, options_);
  Client client(served.port());
  const double start = steady_seconds();
  for (int i = 0; i < 100 && client.try_send("G"); ++i) usleep(10000);  // bytes that come do not help
  EXPECT_EQ(status_of(client.answer()), 408);
  EXPECT_GT(steady_seconds() - start, 0.25);
  EXPECT_LT(steady_seconds() - start, 3);
}

TEST_F(ServerRefusalTest, OfABodyThatStalls) {
  options_.body_seconds = 0.5;
  Served served(routes_, options_);
  Client client(served.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 8; ++i) {
    usleep(100000);  // longer than a body may stall, but it goes on
    client.send("x");
  }
  const double start = steady_seconds();
  EXPECT_EQ(status_of(client.answer()), 408);
  EXPECT_GT(steady_seconds() - start, 0.25);
}

TEST_F(ServerRefusalTest, ClosesWithoutAWordWhereNothingIsAsked) {
  options_.idle_seconds = 0.2;
  Served served(routes_, options_);
  Client fresh(served.port()), used(served.port());
  used.ask(get("/echo"));
  used.send("\r\n");  // no beginning of a request
  EXPECT_EQ(fresh.read_all(), "");
  EXPECT_EQ(used.read_all(), "");
}

TEST_F(ServerRefusalTest, OfMoreConnectionsThanThereMayBe) {
  options_.most_connections = 3;
  Served served(routes_, options_);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(served.port()));
    EXPECT_EQ(status_of(clients.back()->ask(get("/echo"))), 200);
  }
  for (int i = 0; i < 200; ++i) {
    Client client(served.port());
    client.try_send(get("/echo"));
    const std::string answer = client.answer();
    if (answer.empty()) continue;  // beyond those that are told so
    EXPECT_EQ(status_of(answer), 503);
    EXPECT_EQ(header_of(answer, "Retry-After"), "1");
  }
  clients.pop_back();
  for (int i = 0; i < 200; ++i) {
    usleep(10000);
    Client client(served.port());
    if (client.try_send(get("/echo")) && status_of(client.answer()) == 200) return;
  }
  FAIL() << "a connection that was given back is not taken again";
}

TEST_F(ServerRefusalTest, OfMoreUploadsThanThereIsRoomFor) {
  options_.most_bodies_bytes = 100000;
  options_.body_seconds = 5;
  Served served(routes_, options_);
  Client first(served.port());
  first.send(post("/keep", std::string(60000, 'x')));
  auto kept = kept_.take().value();

  Client second(served.port());
  second.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n");
  const std::string answer = second.answer();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_EQ(header_of(answer, "Retry-After"), "1");
  Client third(served.port());
  third.try_send(with("Transfer-Encoding: chunked\r\n", "C350\r\n" + std::string(50000, 'x') + "\r\n"));
  EXPECT_EQ(status_of(third.answer()), 503);
  Client fourth(served.port());
  EXPECT_EQ(status_of(fourth.ask(post("/echo", std::string(30000, 'x')))), 200);

  kept->answer(response(200, "text/plain", ""));
  EXPECT_EQ(status_of(first.answer()), 200);
  kept = nullptr;  // and with it the body
  Client fifth(served.port());
  EXPECT_EQ(status_of(fifth.ask(post("/echo", std::string(90000, 'x')))), 200);
}

TEST_F(ServerRefusalTest, AnswersWhereTheServiceCanNot) {
  struct Failing : Service {
    std::optional<Response> admit(const Request&) override { throw std::runtime_error("no"); }
    void handle(std::shared_ptr<Exchange>) override {}
    Response refusal(int, const std::string&) override { throw std::runtime_error("never"); }
  } failing;
  Server server(options_, failing);
  std::thread thread([&] { server.run(); });
  EXPECT_EQ(refusal_of(server.port(), get("/x")), 500);
  EXPECT_EQ(refusal_of(server.port(), "nonsense\r\n\r\n"), 400);
  server.stop(0);
  thread.join();
}

}  // namespace
}  // namespace pixnerd::http
