// Streamed answers, and readers of all speeds.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "core/text.h"
#include "core/timing.h"
#include "tests/http/client.h"
#include "tests/http/served.h"

namespace pixnerd::http {
namespace {

using Piece = std::optional<std::string>;

const Response kHead{200, {{"Content-Type", "text/event-stream"}}, nullptr};

class ServerStreamTest : public EchoTest {
 protected:
  // "/keep" on a client of that kind.
  std::shared_ptr<Exchange> kept(Client& client, const std::string& request = get("/keep")) {
    client.send(request);
    return kept_.take().value();
  }
};

// "a", "b", "c", the end
Source letters() {
  return [next = 'a']() mutable { return next > 'c' ? Piece() : Piece(std::string(1, next++)); };
}

TEST_F(ServerStreamTest, SendsPiecesAsChunks) {
  Served served(routes_);
  Client client(served.port());
  kept(client)->stream(kHead, letters());
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(status_of(head), 200);
  EXPECT_EQ(header_of(head, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(header_of(head, "Content-Length"), "");
  EXPECT_EQ(header_of(head, "Content-Type"), "text/event-stream");
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n");
  EXPECT_EQ(status_of(client.ask(get("/echo"))), 200);
}

TEST_F(ServerStreamTest, EndsWithTheConnectionForTheOlderVersion) {
  Served served(routes_);
  Client client(served.port());
  kept(client, "GET /keep HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->stream(kHead, letters());
  const std::string answer = client.read_all();
  EXPECT_EQ(header_of(answer, "Connection"), "close");
  EXPECT_EQ(header_of(answer, "Transfer-Encoding"), "");
  EXPECT_EQ(body_of(answer), "abc");
}

TEST_F(ServerStreamTest, HasNoBodyForHead) {
  Served served(routes_);
  Client client(served.port());
  kept(client, "HEAD /keep HTTP/1.1\r\nHost: a\r\n\r\n")->stream(kHead, letters());
  client.send(get("/echo"));
  EXPECT_EQ(header_of(client.read_until("\r\n\r\n"), "Transfer-Encoding"), "chunked");
  EXPECT_EQ(status_of(client.answer()), 200);
}

TEST_F(ServerStreamTest, WaitsUntilItIsWoken) {
  Served served(routes_);
  Client client(served.port());
  const auto exchange = kept(client);
  std::atomic<int> state = 0, asked = 0;
  exchange->stream(kHead, [&, sent = 0]() mutable -> Piece {
    ++asked;
    const int now = state;
    return now == std::exchange(sent, now) ? "" : std::to_string(now);
  });
  client.read_until("\r\n\r\n");
  usleep(50000);
  EXPECT_LE(asked, 1);
  for (int i = 1; i <= 3; ++i) {
    state = i;
    exchange->wake();
    EXPECT_EQ(client.read_until("\r\n"), "1\r\n");
    EXPECT_EQ(client.read_until("\r\n"), concat(i, "\r\n"));
  }
}

TEST_F(ServerStreamTest, SaysThatItLivesWhereThereIsNothingToSay) {
  ServerOptions options;
  options.heartbeat_seconds = 0.1;
  Served served(routes_, options);
  Client client(served.port());
  const auto exchange = kept(client);
  exchange->stream(
      kHead, [] { return Piece(""); }, ": \n\n");
  client.read_until("\r\n\r\n");
  std::atomic<bool> is_over = false;
  std::thread waker([&] {  // being asked is not being answered
    while (!is_over) {
      exchange->wake();
      usleep(5000);
    }
  });
  const double start = steady_seconds();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.read_until("\n\n\r\n"), "4\r\n: \n\n\r\n");
  EXPECT_GT(steady_seconds() - start, 0.25);
  EXPECT_LT(steady_seconds() - start, 3);
  is_over = true;
  waker.join();
}

TEST_F(ServerStreamTest, IsCutOffWhereItsSourceFails) {
  Served served(routes_);
  Client client(served.port());
  kept(client)->stream(kHead, [first = true]() mutable -> Piece {
    if (!std::exchange(first, false)) throw std::runtime_error("no more");
    return "abc";
  });
  EXPECT_TRUE(client.read_all().ends_with("\r\n\r\n3\r\nabc\r\n"));  // and no last chunk
}

TEST_F(ServerStreamTest, TellsOfAClientThatGoes) {
  Served served(routes_);
  Client client(served.port());
  const auto exchange = kept(client);
  Mailbox<bool> gone;
  exchange->when_gone([&] { gone.put(true); });
  exchange->stream(kHead, [] { return Piece(""); });
  client.read_until("\r\n\r\n");
  client.close();
  EXPECT_TRUE(gone.take().has_value());
  exchange->wake();
  EXPECT_FALSE(gone.take(0.05).has_value());
}

TEST_F(ServerStreamTest, EndsWithTheGraceOfAStop) {
  Served served(routes_);
  Client client(served.port());
  const auto exchange = kept(client);
  exchange->stream(kHead, [] { return Piece(""); });
  client.read_until("\r\n\r\n");
  served.stop(0.1);
  EXPECT_TRUE(client.is_closed_by_the_server());
}

TEST_F(ServerStreamTest, LetsAStopWaitForItsEnd) {
  Served served(routes_);
  Client client(served.port());
  const auto exchange = kept(client);
  std::atomic<bool> is_over = false;
  exchange->stream(kHead, [&] { return is_over ? Piece() : Piece(""); });
  std::thread ending([&] {
    usleep(50000);
    is_over = true;
    exchange->wake();
  });
  served.stop(10);
  ending.join();
  EXPECT_TRUE(client.read_all().ends_with("\r\n\r\n0\r\n\r\n"));
}

// A reader that stops for a while is not written to in advance, and then is told the newest.
TEST_F(ServerStreamTest, TellsASlowReaderTheNewest) {
  constexpr size_t piece_bytes = 16 << 10;
  Served served(routes_);
  Client client(served.port(), 32 << 10);
  const auto exchange = kept(client);
  std::atomic<int> state = 1, pieces = 0;
  exchange->stream(kHead, [&, sent = 0]() mutable -> Piece {
    const int now = state;
    if (now == std::exchange(sent, now)) return "";
    ++pieces;
    return concat("state ", now, std::string(piece_bytes, ' '), "\n");
  });
  for (int i = 2; i <= 2000; ++i) {
    state = i;
    exchange->wake();
    usleep(200);
  }
  usleep(50000);
  EXPECT_LT(pieces, 32);  // half a megabyte, most of it in the buffers of the two systems
  const int before = pieces;
  std::string text;
  while (text.find("state 2000") == std::string::npos) text = client.read_until("\n");
  EXPECT_LE(pieces, before + 1);
}

// Its system takes something now and then, though not so much that a large send buffer has room again.
TEST_F(ServerStreamTest, KeepsAReaderThatIsSlow) {
  ServerOptions options;
  options.write_seconds = 0.7;
  Served served(routes_, options);
  Client client(served.port(), 64 << 10);
  const auto body = std::make_shared<const std::string>(16 << 20, 'x');
  kept(client, get("/keep", "Connection: close\r\n"))->answer({200, {}, body});
  std::string text;
  for (int i = 0; i < 20; ++i) {
    text += client.read_some(32 << 10);
    usleep(100000);
  }
  text += client.read_all();
  EXPECT_EQ(body_of(text).size(), body->size());
}

TEST_F(ServerStreamTest, ClosesOnOneThatHasStopped) {
  ServerOptions options;
  options.write_seconds = 0.3;
  Served served(routes_, options);
  Client client(served.port(), 64 << 10);
  const auto exchange = kept(client);
  Mailbox<bool> gone;
  exchange->when_gone([&] { gone.put(true); });
  const double start = steady_seconds();
  exchange->answer({200, {}, std::make_shared<const std::string>(16 << 20, 'x')});
  EXPECT_TRUE(gone.take().has_value());
  EXPECT_GT(steady_seconds() - start, 0.25);
  EXPECT_LT(body_of(client.read_all()).size(), size_t{16} << 20);
}

}  // namespace
}  // namespace pixnerd::http
