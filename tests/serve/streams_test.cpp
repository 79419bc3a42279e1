#include "serve/streams.h"

#include <gtest/gtest.h>

#include "serve/events.h"
#include "tests/serve/answered.h"

namespace pixnerd::serve {
namespace {

TEST(Streams, AreWokenTogetherUntilTheyEnd) {
  Streams streams;
  auto first = exchange_for("GET", "/a"), second = exchange_for("GET", "/b");
  streams.begin(first, event_stream_head(), [] { return std::optional<std::string>("x"); });
  streams.begin(second, event_stream_head(), [] { return std::nullopt; });
  EXPECT_EQ(first->heartbeat, ": \n\n");
  EXPECT_EQ(first->source(), "x");
  EXPECT_EQ(second->source(), std::nullopt);
  streams.wake_all();
  EXPECT_EQ(first->wakes, 1);
  EXPECT_EQ(second->wakes, 1);
  const std::weak_ptr<http::Exchange> ended = second;
  second->source = nullptr;  // as the server drops it: nothing else keeps the exchange
  second.reset();
  EXPECT_TRUE(ended.expired());
  streams.wake_all();
  EXPECT_EQ(first->wakes, 2);
  first->source = nullptr;
}

TEST(Streams, AreToldToEnd) {
  Streams streams;
  const auto exchange = exchange_for("GET", "/a");
  streams.begin(exchange, event_stream_head(), [&]() -> std::optional<std::string> {
    if (streams.are_closing()) return std::nullopt;
    return "";
  });
  EXPECT_EQ(exchange->source(), "");
  streams.close();
  EXPECT_EQ(exchange->wakes, 1);
  EXPECT_EQ(exchange->source(), std::nullopt);
  exchange->source = nullptr;
}

TEST(EventText, IsOneEvent) {
  EXPECT_EQ(event_text("job", "{}", "ab-3"), "id: ab-3\nevent: job\ndata: {}\n\n");
  EXPECT_EQ(event_text("job", "{}"), "event: job\ndata: {}\n\n");
}

}  // namespace
}  // namespace pixnerd::serve
