// Many clients at a time, some slow, some gone.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/text.h"
#include "core/timing.h"
#include "http/workers.h"
#include "tests/http/client.h"
#include "tests/http/served.h"

namespace pixnerd::http {
namespace {

using ServerLoadTest = EchoTest;

const Response kHead{200, {{"Content-Type", "text/event-stream"}}, nullptr};

TEST_F(ServerLoadTest, AnswersAtOnceBesideAHundredThatReadSlowly) {
  constexpr int slow_clients = 100, other_clients = 100, rounds = 5;
  constexpr size_t piece_bytes = 64 << 10;
  std::atomic<uint64_t> sent = 0;
  routes_.routes["/stream"] = [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->stream(kHead, [&] {
      sent += piece_bytes;
      return std::optional<std::string>(std::string(piece_bytes, 'x'));  // there is always more
    });
  };
  Served served(routes_);
  std::vector<std::unique_ptr<Client>> slow, others;
  for (int i = 0; i < slow_clients; ++i) {
    slow.push_back(std::make_unique<Client>(served.port(), 16 << 10));
    slow.back()->send(get("/stream"));
  }
  for (int i = 0; i < other_clients; ++i) others.push_back(std::make_unique<Client>(served.port()));

  double longest = 0;
  for (int round = 0; round < rounds; ++round) {
    for (const auto& client : slow) EXPECT_EQ(client->read_some(1).size(), 1U);
    for (const auto& client : others) {
      const double start = steady_seconds();
      EXPECT_EQ(body_of(client->ask(post("/echo", "abc"))), "POST /echo\nabc");
      longest = std::max(longest, steady_seconds() - start);
    }
  }
  EXPECT_LT(longest, 1);
  EXPECT_EQ(served.server.statistics().connections, uint64_t{slow_clients + other_clients});
  const uint64_t before = sent;
  usleep(200000);
  EXPECT_EQ(sent, before) << "what nobody reads is written on and on";
  EXPECT_LT(sent, uint64_t{slow_clients} * (1 << 20));
}

// Clients of all manners at once, answered by other threads: nobody waits for ever and nothing is left.
TEST_F(ServerLoadTest, IsLeftAsItWasByClientsThatVanish) {
  const auto token = std::make_shared<int>(0);
  {
    Workers workers(2);
    routes_.routes["/work"] = [&](std::shared_ptr<Exchange> exchange) {
      exchange->when_gone([token] {});
      workers.post([exchange = std::move(exchange), token] {
        exchange->answer(response(200, "text/plain", exchange->request().body));
      });
    };
    routes_.routes["/stream"] = [&](std::shared_ptr<Exchange> exchange) {
      workers.post([exchange = std::move(exchange), token] {
        const auto left = std::make_shared<std::atomic<int>>(20);
        exchange->when_gone([exchange, token] {});
        exchange->stream(kHead, [left, exchange, token]() -> std::optional<std::string> {
          if (--*left < 0) return std::nullopt;
          return *left % 3 == 0 ? "" : "data: x\n\n";
        });
        for (int i = 0; i < 30; ++i) exchange->wake();
      });
    };
    Served served(routes_);
    std::atomic<int> answered = 0;
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&, seed] {
        std::mt19937 random(seed);
        for (int i = 0; i < 60; ++i) {
          Client client(served.port());
          const auto manner = random() % 6;
          if (manner == 0) client.try_send("POST /work HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
          if (manner == 1 || manner == 2) client.send(post("/work", std::string(random() % 100000, 'x')));
          if (manner == 3 || manner == 4) client.send(get("/stream"));
          if (manner == 2 && status_of(client.answer()) == 200) ++answered;
          if (manner == 4) client.read_some(random() % 300);
          if (manner == 5 && status_of(client.ask(get("/work"))) == 200) ++answered;
          if (random() % 2 == 0) client.reset();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(answered, 20);
    for (int i = 0; i < 500 && served.server.statistics().connections > 0; ++i) usleep(10000);
    EXPECT_EQ(served.server.statistics().connections, 0U);
    Client client(served.port());
    EXPECT_EQ(status_of(client.ask(get("/echo"))), 200);
  }
  routes_.routes.clear();
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace pixnerd::http
