// The bytes of event files; tests/train/tensorboard_test.py reads them with TensorBoard itself.
#include "core/events.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <vector>

#include "core/crc32c.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "tests/core/full_disk.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

std::string raw(const void* data, size_t size) {
  return {static_cast<const char*>(data), size};
}

// Numbers are written here as this machine, a little-endian one, holds them.
template <class Number>
std::string raw(Number number) {
  return raw(&number, sizeof number);
}

std::string masked_checksum(const std::string& bytes) {
  const uint32_t crc = crc32c(bytes);
  return raw(((crc >> 15 | crc << 17) + 0xA282EAD8u));
}

std::string record(const std::string& data) {
  const std::string length = raw(uint64_t{data.size()});
  return length + masked_checksum(length) + data + masked_checksum(data);
}

// The data of each record of a file that must be in order.
std::vector<std::string> records_of(const std::string& file) {
  std::vector<std::string> all;
  for (size_t at = 0; at < file.size();) {
    uint64_t size = 0;
    std::memcpy(&size, file.data() + at, sizeof size);
    all.push_back(file.substr(at + 12, size));
    EXPECT_EQ(file.substr(at, 16 + size), record(all.back()));
    at += 16 + size;
  }
  return all;
}

constexpr size_t kWallTimeBytes = 9;  // its key and a double, in front of everything else

// What an event says besides its wall time.
std::string after_wall_time(const std::string& data) {
  EXPECT_EQ(data[0], '\x09');
  return data.substr(kWallTimeBytes);
}

double wall_time(const std::string& data) {
  double seconds = 0;
  std::memcpy(&seconds, data.data() + 1, sizeof seconds);
  return seconds;
}

class EventWriterTest : public testing::Test {
 protected:
  std::string content() const { return read_file(path_, 1 << 20); }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "events.out.tfevents.00000001.pixnerd";
};

TEST_F(EventWriterTest, BytesAreThoseOfTheOfficialMessages) {
  const double before = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EventWriter events(folder_.path(), 5);
  events.add_scalars(300, std::vector<ScalarSummary>{{"a", 1.5}, {"b/c", 0.0}});
  events.add_image(7, "p", std::as_bytes(std::span("png", 3)), 200, 5);
  const std::vector<std::string> data = records_of(content());
  ASSERT_EQ(data.size(), 4u);
  EXPECT_EQ(after_wall_time(data[0]),
            "\x1A\x0D"
            "brain.Event:2");
  EXPECT_EQ(after_wall_time(data[1]), "\x10\x05\x3A\x02\x08\x01");  // a session starts at step 5
  EXPECT_EQ(after_wall_time(data[2]),
            "\x10\xAC\x02"
            "\x2A\x16"
            "\x0A\x08"
            "\x0A\x01"
            "a"
            "\x15" +
                raw(1.5f) +
                "\x0A\x0A"
                "\x0A\x03"
                "b/c"
                "\x15" +
                raw(0.0f));
  EXPECT_EQ(after_wall_time(data[3]),
            "\x10\x07"
            "\x2A\x13"
            "\x0A\x11"
            "\x0A\x01"
            "p"
            "\x22\x0C"
            "\x08\x05"
            "\x10\xC8\x01"
            "\x18\x03"
            "\x22\x03"
            "png");
  for (const std::string& each : data) {
    EXPECT_GE(wall_time(each), before);
    EXPECT_LT(wall_time(each), before + 60);
  }
}

TEST_F(EventWriterTest, NumbersThatAreNotFiniteAreKept) {
  EventWriter events(folder_.path(), 1);
  events.add_scalars(1, std::vector<ScalarSummary>{{"a", std::numeric_limits<double>::quiet_NaN()}, {"b", HUGE_VAL}});
  const std::string data = records_of(content()).at(2);
  EXPECT_EQ(data.substr(data.size() - 4), raw(std::numeric_limits<float>::infinity()));
}

TEST_F(EventWriterTest, EveryWriterHasAFileOfItsOwnThatComesLater) {
  const std::vector<ScalarSummary> point{{"train/loss", 1.0}};
  std::ofstream(folder_ / "events.out.tfevents.0.pixnerd") << "of an earlier version";
  std::ofstream(folder_ / "events.out.tfevents.99.other") << "another program's";
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i) {
    EventWriter(folder_.path(), i).add_scalars(i, point);
    const std::string before = content();
    names.push_back(event_files(folder_.path()).back().filename());
    EXPECT_EQ(content(), before);
  }
  EXPECT_EQ(event_files(folder_.path()).size(), 13u);
  EXPECT_EQ(names.back(), "events.out.tfevents.00000012.pixnerd");
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_LT("events.out.tfevents.0.pixnerd", names.front());
}

TEST_F(EventWriterTest, AWriterWithoutEventsLeavesNoFile) {
  { const EventWriter events(folder_.path(), 1); }
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(EventWriterTest, AFullDiskIsAnErrorThatKeepsWholeRecords) {
  EventWriter events(folder_.path(), 1);
  const std::vector<ScalarSummary> point{{"train/loss", 2.0}};
  events.add_scalars(1, point);
  const size_t one = content().size();
  events.add_scalars(2, point);
  const std::string whole = content();
  for (size_t room = 0; room < whole.size() - one; ++room) {
    const FullDisk full(whole.size() + room);
    EXPECT_EQ(thrown<DataError>([&] { events.add_scalars(3, point); }),
              concat("cannot write '", path_, "': File too large"));
    EXPECT_EQ(content(), whole);
  }
  events.add_scalars(3, point);
  EXPECT_EQ(records_of(content()).size(), 5u);
}

TEST_F(EventWriterTest, ErrorsNameTheFile) {
  EventWriter nowhere(folder_ / "none", 1);
  EXPECT_EQ(thrown<DataError>([&] { nowhere.add_scalars(1, {}); }),
            concat("cannot open '", folder_ / "none" / path_.filename(), "': No such file or directory"));
}

}  // namespace
}  // namespace pixnerd
