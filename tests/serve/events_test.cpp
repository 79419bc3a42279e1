#include "serve/events.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "tests/serve/service_fixture.h"

namespace pixnerd::serve {
namespace {

struct Event {
  std::string name, id;
  config::Value data;
};

// An open stream of events.
class Watcher {
 public:
  Watcher(uint16_t port, const std::string& path, const std::string& last = {}) : client_(port) {
    client_.send(concat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\n",
                        last.empty() ? "" : concat("Last-Event-ID: ", last, "\r\n"), "\r\n"));
    head = client_.read_until("\r\n\r\n");
  }

  // The next one; none at the stream's end.
  std::optional<Event> next() {
    while (true) {
      while (text_.find("\n\n") == std::string::npos) {
        const std::string size = client_.read_until("\r\n");
        if (size.empty() || size == "0\r\n") return std::nullopt;
        const size_t bytes = std::stoul(size, nullptr, 16);
        std::string chunk;
        while (chunk.size() < bytes) {
          const std::string more = client_.read_some(bytes - chunk.size());
          if (more.empty()) return std::nullopt;
          chunk += more;
        }
        client_.read_until("\r\n");
        text_ += chunk;
      }
      const size_t end = text_.find("\n\n") + 2;
      Event event;
      std::istringstream lines(text_.substr(0, end));
      text_.erase(0, end);
      for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("id: ")) event.id = last_id = line.substr(4);
        if (line.starts_with("event: ")) event.name = line.substr(7);
        if (line.starts_with("data: ")) event.data = json(line.substr(6));
      }
      if (!event.name.empty()) return event;
    }
  }

  std::string head, last_id;

 private:
  http::Client client_;
  std::string text_;
};

std::string field(const Event& event, const char* key) {
  const config::Value* const value = event.data.find(key);
  return value == nullptr ? "" : value->scalar;
}

using EventsTest = ServiceTest;

TEST_F(EventsTest, AllJobsBeginWithThoseThatAreLive) {
  start();
  const std::string slow = accept(R"({"class":0,"steps":250,"count":40})");
  Watcher watcher(server_->port(), "/api/events");
  EXPECT_EQ(http::status_of(watcher.head), 200);
  EXPECT_EQ(http::header_of(watcher.head, "Content-Type"), "text/event-stream");
  const auto hello = watcher.next();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->name, "hello");
  EXPECT_EQ(field(*hello, "version"), "test");
  ASSERT_EQ(hello->data.at("jobs").items.size(), 1u);
  EXPECT_EQ(hello->data.at("jobs").items[0].at("id").scalar, slow);
  std::map<std::string, int> counts;
  std::string state;
  while (state != "done") {
    const auto event = watcher.next();
    ASSERT_TRUE(event);
    ++counts[event->name];
    EXPECT_EQ(field(*event, "id"), slow);
    if (event->name == "job") state = field(*event, "state");
    if (event->name == "preview") {
      EXPECT_TRUE(field(*event, "image").starts_with("data:image/png;base64,iVBOR"));
    }
    if (event->name == "progress") {
      EXPECT_NE(event->data.find("eta"), nullptr);
      EXPECT_EQ(field(*event, "steps"), "10000");
    }
  }
  EXPECT_GE(counts["job"], 2);
  EXPECT_GE(counts["progress"], 1);
  EXPECT_GE(counts["preview"], 1);
}

TEST_F(EventsTest, ComingBackTellsWhatHasChangedSince) {
  start();
  std::string seen;
  {
    Watcher watcher(server_->port(), "/api/events");
    watcher.next();
    seen = watcher.last_id;
    EXPECT_NE(seen.find('-'), std::string::npos);
  }
  const std::string first = accept(R"({"class":0})"), second = accept(R"({"class":1})");
  ended(first);
  ended(second);
  Watcher watcher(server_->port(), "/api/events?previews=0", seen);
  std::map<std::string, std::string> states;
  std::vector<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    const auto event = watcher.next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->name, "job");
    states[field(*event, "id")] = field(*event, "state");
    ids.push_back(event->id);
  }
  EXPECT_EQ(states[first], "done");
  EXPECT_EQ(states[second], "done");
  // Who is cut off after the first has not seen the second: the id comes with the last alone.
  EXPECT_EQ(ids[0], "");
  EXPECT_NE(ids[1], "");
}

TEST_F(EventsTest, AnIdOfAnotherRunOrOfNoneBeginsAnew) {
  start();
  for (const char* const last : {"00000000-1", "x", "-", "00000000-", "99999999999999999999999"}) {
    Watcher watcher(server_->port(), "/api/events", last);
    EXPECT_EQ(watcher.next()->name, "hello") << last;
  }
  Watcher watcher(server_->port(), "/api/events");
  watcher.next();
  const std::string boot = watcher.last_id.substr(0, watcher.last_id.find('-'));
  for (const char* const count : {"-18446744073709551615", "-99999999999999999999999", "--1", "-1x", "-"}) {
    EXPECT_EQ(Watcher(server_->port(), "/api/events", boot + count).next()->name, "hello") << count;
  }
}

TEST_F(EventsTest, AJobsOwnStreamEndsWithIt) {
  start();
  const std::string id = accept(R"({"class":0,"steps":100})"), other = accept(R"({"class":1})");
  Watcher watcher(server_->port(), concat("/api/jobs/", id, "/events"));
  std::string state;
  while (const auto event = watcher.next()) {
    EXPECT_EQ(field(*event, "id"), id);
    if (event->name == "job") state = field(*event, "state");
  }
  EXPECT_EQ(state, "done");
  // Asked for again, its last event, and nothing to who has seen that.
  Watcher again(server_->port(), concat("/api/jobs/", id, "/events"));
  EXPECT_EQ(field(*again.next(), "state"), "done");
  EXPECT_FALSE(again.next());
  for (const std::string& last : {watcher.last_id, again.last_id}) {
    EXPECT_EQ(
        http::status_of(ask("GET", concat("/api/jobs/", id, "/events"), "", concat("Last-Event-ID: ", last, "\r\n"))),
        204);
  }
  EXPECT_EQ(http::status_of(ask("GET", "/api/jobs/nobody/events")), 404);
}

TEST_F(EventsTest, AStreamOfAJobOfBeforeARestartSaysItsEnd) {
  start();
  const std::string id = accept(R"({"class":0})");
  ended(id);
  stop();
  start();
  Watcher watcher(server_->port(), concat("/api/jobs/", id, "/events"));
  EXPECT_EQ(field(*watcher.next(), "state"), "done");
  EXPECT_FALSE(watcher.next());
  EXPECT_EQ(http::status_of(ask("GET", concat("/api/jobs/", id, "/events"), "",
                                concat("Last-Event-ID: ", watcher.last_id, "\r\n"))),
            204);
}

TEST_F(EventsTest, StreamsEndWithTheServer) {
  start();
  Watcher watcher(server_->port(), "/api/events");
  EXPECT_EQ(watcher.next()->name, "hello");
  stop();
  EXPECT_FALSE(watcher.next());
}

}  // namespace
}  // namespace pixnerd::serve
