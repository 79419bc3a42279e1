#include "measure/child.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::measure {
namespace {

TEST(InChild, TheTextComesBackAndNothingElse) {
  int counter = 0;
  const pid_t here = getpid();
  const std::string text = in_child([&] {
    ++counter;
    return std::string(100'000, getpid() == here ? 'p' : 'c');
  });
  EXPECT_EQ(text, std::string(100'000, 'c'));
  EXPECT_EQ(counter, 0);
}

TEST(InChild, AnErrorComesBackAsOne) {
  EXPECT_EQ(thrown<DataError>([] { in_child([]() -> std::string { throw ConfigError("no such thing"); }); }),
            "no such thing");
}

TEST(InChild, TheEndOfMemoryIsSaidInOneLine) {
  const auto allocate = []() -> std::string {
    at::empty({int64_t{1} << 50});
    return "";
  };
  const std::string message = thrown<DataError>([&] { in_child(allocate); });
  EXPECT_TRUE(message.starts_with("out of memory; ")) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST(InChild, ASignalIsSaid) {
  const auto die = [] {
    raise(SIGKILL);
    return std::string();
  };
  EXPECT_NE(thrown<DataError>([&] { in_child(die); }).find("signal 9: the system may lack memory"), std::string::npos);
}

TEST(InChild, IsRefusedToAProcessWithThreads) {
  std::promise<void> end;
  std::thread other([&] { end.get_future().wait(); });
  const std::string message = thrown<c10::Error>([] { in_child([] { return std::string("done"); }); });
  end.set_value();
  other.join();
  EXPECT_NE(message.find("a process of 2 threads"), std::string::npos) << message;
  EXPECT_EQ(in_child([] { return std::string("done"); }), "done");
}

}  // namespace
}  // namespace pixnerd::measure
