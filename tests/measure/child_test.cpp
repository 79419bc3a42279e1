#include "measure/child.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

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

}  // namespace
}  // namespace pixnerd::measure
