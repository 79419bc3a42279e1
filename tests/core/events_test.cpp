// The bytes of event files; tests/train/tensorboard_test.py reads them with TensorBoard itself.
#include "core/events.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <vector>

#include "core/crc32c.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
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
  EventWriterTest() {
    set_log_sink([this](std::string_view line) { warnings_.emplace_back(line); });
  }
  ~EventWriterTest() override { set_log_sink({}); }

  std::string content() const { return read_file(path_, 1 << 20); }
  void put(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }

  // The sizes of the file after the first record and after each of `steps` scalars.
  std::vector<size_t> write_steps(int64_t steps) const {
    EventWriter events(folder_.path());
    std::vector<size_t> sizes{content().size()};
    for (int64_t step = 1; step <= steps; ++step) {
      events.add_scalars(step, std::vector<ScalarSummary>{{"train/loss", 1.0 / static_cast<double>(step)}});
      sizes.push_back(content().size());
    }
    return sizes;
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / EventWriter::kFileName;
  std::vector<std::string> warnings_;
};

TEST_F(EventWriterTest, BytesAreThoseOfTheOfficialMessages) {
  const double before = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EventWriter events(folder_.path());
  events.add_scalars(300, std::vector<ScalarSummary>{{"a", 1.5}, {"b/c", 0.0}});
  events.add_image(7, "p", std::as_bytes(std::span("png", 3)), 200, 5);
  const std::vector<std::string> data = records_of(content());
  ASSERT_EQ(data.size(), 3u);
  EXPECT_EQ(after_wall_time(data[0]),
            "\x1A\x0D"
            "brain.Event:2");
  EXPECT_EQ(after_wall_time(data[1]),
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
  EXPECT_EQ(after_wall_time(data[2]),
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
  EventWriter events(folder_.path());
  events.add_scalars(1, std::vector<ScalarSummary>{{"a", std::numeric_limits<double>::quiet_NaN()}, {"b", HUGE_VAL}});
  const std::string data = records_of(content()).at(1);
  EXPECT_EQ(data.substr(data.size() - 4), raw(std::numeric_limits<float>::infinity()));
}

TEST_F(EventWriterTest, AnotherWriterStartsAnew) {
  write_steps(5);
  const EventWriter events(folder_.path());
  EXPECT_EQ(records_of(content()).size(), 1u);
}

TEST_F(EventWriterTest, ResumeDropsLaterEvents) {
  const std::vector<size_t> sizes = write_steps(5);
  const std::string whole = content();
  for (const int64_t last : {7, 5, 4, 1, 0}) {
    EventWriter::resume(folder_.path(), last);
    EXPECT_EQ(content(), whole.substr(0, sizes[static_cast<size_t>(std::min<int64_t>(last, 5))])) << last;
  }
  EventWriter::resume(folder_.path(), 0).add_scalars(1, std::vector<ScalarSummary>{{"train/loss", 1.0}});
  EXPECT_EQ(content().size(), sizes[1]);
  EventWriter::resume(folder_.path(), -1);
  EXPECT_EQ(records_of(content()).size(), 1u);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(EventWriterTest, ResumeWithoutAFileStartsIt) {
  EventWriter::resume(folder_.path(), 3).add_scalars(4, {});
  EXPECT_EQ(records_of(content()).size(), 2u);
  put("");
  EventWriter::resume(folder_.path(), 3);
  EXPECT_EQ(records_of(content()).size(), 1u);
  EXPECT_TRUE(warnings_.empty());
}

// Where nothing is to be dropped, TensorBoard can go on reading the same file.
TEST_F(EventWriterTest, ResumeKeepsAWholeFileAsItIs) {
  write_steps(2);
  const fs::path link = folder_ / "link";
  fs::create_hard_link(path_, link);
  EventWriter::resume(folder_.path(), 2);
  EXPECT_TRUE(fs::equivalent(path_, link));
  EventWriter::resume(folder_.path(), 1);
  EXPECT_FALSE(fs::equivalent(path_, link));
}

TEST_F(EventWriterTest, ResumeAfterACutAnywhere) {
  const std::vector<size_t> sizes = write_steps(3);
  const std::string whole = content();
  for (size_t cut = sizes[2]; cut < whole.size(); ++cut) {
    put(whole.substr(0, cut));
    EventWriter events = EventWriter::resume(folder_.path(), 3);
    EXPECT_EQ(content(), whole.substr(0, sizes[2])) << cut;
    events.add_scalars(3, std::vector<ScalarSummary>{{"train/loss", 0.25}});
    EXPECT_EQ(records_of(content()).size(), 4u);
  }
  for (size_t cut = 0; cut < sizes[0]; ++cut) {
    put(whole.substr(0, cut));
    EventWriter::resume(folder_.path(), 3);
    EXPECT_EQ(records_of(content()).size(), 1u) << cut;
  }
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(EventWriterTest, ResumeStopsAtADamagedByteAnywhere) {
  const std::vector<size_t> sizes = write_steps(3);
  const std::string whole = content();
  for (size_t at = sizes[1]; at < sizes[2]; ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    put(damaged);
    warnings_.clear();
    EventWriter::resume(folder_.path(), 3);
    EXPECT_EQ(content(), whole.substr(0, sizes[1])) << at;
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_EQ(warnings_[0], concat("warning: '", path_, "' is damaged at byte ", sizes[1],
                                   "; the events from there on are left out"));
  }
}

TEST_F(EventWriterTest, ResumeRefusesHostileRecords) {
  write_steps(1);
  const std::string whole = content();
  const std::string huge_length = raw(uint64_t{1} << 62), all_ones = raw(~uint64_t{0});
  for (const std::string& tail :
       {huge_length + masked_checksum(huge_length) + "x", all_ones + masked_checksum(all_ones), std::string(64, '\0'),
        record("\xFF\xFF"), record("\x2A\x7F"), std::string("this is no record at all")}) {
    put(whole + tail);
    warnings_.clear();
    EventWriter::resume(folder_.path(), 9);
    EXPECT_EQ(content(), whole);
    EXPECT_EQ(warnings_.size(), 1u);
  }
  put(record("\x10\x01") + whole);
  warnings_.clear();
  EventWriter::resume(folder_.path(), 9);
  EXPECT_EQ(records_of(content()).size(), 1u);
  EXPECT_EQ(warnings_.at(0), concat("warning: '", path_, "' does not begin as an event file; it is started anew"));
}

TEST_F(EventWriterTest, AFullDiskIsAnErrorThatKeepsWholeRecords) {
  const std::vector<size_t> sizes = write_steps(3);
  const std::string whole = content();
  const std::string too_large = concat("cannot write '", path_, "': File too large");
  EventWriter events = EventWriter::resume(folder_.path(), 3);
  for (size_t room = 0; room < sizes[1] - sizes[0]; ++room) {
    const FullDisk full(whole.size() + room);
    EXPECT_EQ(thrown<DataError>([&] {
                events.add_scalars(4, std::vector<ScalarSummary>{{"train/loss", 2.0}});
              }),
              too_large);
    EXPECT_EQ(content(), whole);
  }
  const FullDisk full(sizes[1]);
  EXPECT_EQ(thrown<DataError>([&] { EventWriter::resume(folder_.path(), 2); }), too_large);
  EXPECT_EQ(content(), whole);
}

TEST_F(EventWriterTest, ErrorsNameTheFile) {
  EXPECT_EQ(thrown<DataError>([&] { EventWriter(folder_ / "none"); }),
            concat("cannot write '", folder_ / "none" / EventWriter::kFileName, "': No such file or directory"));
  fs::create_directory(path_);
  for (const int64_t last : {-1, 3}) {
    const std::string message = thrown<DataError>([&] { EventWriter::resume(folder_.path(), last); });
    EXPECT_NE(message.find(path_.string()), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace pixnerd
