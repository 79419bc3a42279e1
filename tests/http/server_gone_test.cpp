// Clients that go, and a server that does.
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "core/timing.h"
#include "tests/http/client.h"
#include "tests/http/served.h"

namespace pixnerd::http {
namespace {

using ServerGoneTest = EchoTest;

TEST_F(ServerGoneTest, TellsOfAClientThatGoes) {
  Served served(routes_);
  for (const bool is_reset : {false, true}) {
    Client client(served.port());
    client.send(get("/keep"));
    const auto exchange = kept_.take().value();
    Mailbox<bool> gone;
    exchange->when_gone([&] { gone.put(true); });
    EXPECT_FALSE(gone.take(0.05).has_value());
    if (is_reset) {
      client.reset();
    } else {
      client.close();
    }
    EXPECT_TRUE(gone.take().has_value());
    exchange->when_gone([&] { gone.put(true); });  // that it has gone already
    EXPECT_TRUE(gone.take().has_value());
    exchange->answer(response(200, "text/plain", "for nobody"));
    EXPECT_FALSE(gone.take(0.05).has_value());
  }
  EXPECT_EQ(served.server.statistics().connections, 0U);
}

TEST_F(ServerGoneTest, TellsOfAClientThatGoesAfterSendingTooMuch) {
  Served served(routes_);
  Client client(served.port());
  client.send(get("/keep") + std::string(30000, '\n'));
  const auto exchange = kept_.take().value();
  Mailbox<bool> gone;
  exchange->when_gone([&] { gone.put(true); });
  client.close();
  EXPECT_TRUE(gone.take().has_value());
}

TEST_F(ServerGoneTest, TellsOfAClientThatResetsWhileNothingIsRead) {
  Served served(routes_);
  Client client(served.port());
  client.send(get("/keep") + std::string(200000, '\n'));
  const auto exchange = kept_.take().value();
  Mailbox<bool> gone;
  exchange->when_gone([&] { gone.put(true); });
  EXPECT_FALSE(gone.take(0.05).has_value());
  client.reset();
  EXPECT_TRUE(gone.take().has_value());
}

TEST_F(ServerGoneTest, KeepsLittleOfWhatComesEarly) {
  constexpr size_t bytes = 64 << 20;  // far more than the buffers of the two systems
  Served served(routes_);
  Client client(served.port());
  client.send(get("/keep"));
  const auto exchange = kept_.take().value();
  EXPECT_LT(client.send_what_fits(bytes), bytes);
}

TEST_F(ServerGoneTest, TellsNothingOfAClientThatGoesWithItsAnswer) {
  Served served(routes_);
  Mailbox<bool> gone;
  {
    Client client(served.port());
    client.send(get("/keep"));
    const auto exchange = kept_.take().value();
    exchange->when_gone([&] { gone.put(true); });
    exchange->answer(response(200, "text/plain", "there"));
    EXPECT_EQ(body_of(client.answer()), "there");
  }
  EXPECT_FALSE(gone.take(0.05).has_value());
}

// What is called may hold the exchange; nothing is left of either.
TEST_F(ServerGoneTest, LeavesNothingOfWhoHasGone) {
  const auto token = std::make_shared<int>(0);
  {
    Served served(routes_);
    for (const bool is_answered : {false, true}) {
      Client client(served.port());
      client.send(get("/keep"));
      auto exchange = kept_.take().value();
      exchange->when_gone([exchange, token] {});
      if (is_answered) {
        exchange->stream({200, {}, nullptr}, [exchange, token] { return std::optional<std::string>(""); });
        client.read_until("\r\n\r\n");
      }
      exchange = nullptr;
    }
    for (int i = 0; i < 500 && token.use_count() > 1; ++i) usleep(10000);
    EXPECT_EQ(token.use_count(), 1);
    Client client(served.port());
    client.send(get("/keep"));
    const auto exchange = kept_.take().value();
    served.stop(0);
    exchange->stream({200, {}, nullptr}, [exchange, token] { return std::optional<std::string>(""); });
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(ServerGoneTest, StopsAtOnceWhereNothingIsAsked) {
  Served served(routes_);
  Client idle(served.port()), half(served.port());
  idle.ask(get("/echo"));
  half.send("GET /ec");
  const double start = steady_seconds();
  served.stop(10);
  EXPECT_LT(steady_seconds() - start, 8);
  EXPECT_TRUE(idle.is_closed_by_the_server());
  EXPECT_TRUE(half.is_closed_by_the_server());
  EXPECT_THROW(Client(served.port()), std::runtime_error);
}

TEST_F(ServerGoneTest, StopsWhenWhatWasAskedIsAnswered) {
  Served served(routes_);
  Client client(served.port());
  client.send(get("/keep"));
  const auto exchange = kept_.take().value();
  std::thread answering([&] {
    usleep(100000);
    exchange->answer(response(200, "text/plain", "last"));
  });
  served.stop(10);
  EXPECT_EQ(body_of(client.answer()), "last");
  answering.join();
}

TEST_F(ServerGoneTest, StopsWhenItsGraceIsOver) {
  Served served(routes_);
  Client client(served.port());
  client.send(get("/keep"));
  const auto exchange = kept_.take().value();
  Mailbox<bool> gone;
  exchange->when_gone([&] { gone.put(true); });
  const double start = steady_seconds();
  served.stop(0.2);
  EXPECT_GE(steady_seconds() - start, 0.19);
  EXPECT_TRUE(gone.take(0).has_value());
  exchange->answer(response(200, "text/plain", "too late"));
  EXPECT_EQ(client.read_all(), "");
}

}  // namespace
}  // namespace pixnerd::http
