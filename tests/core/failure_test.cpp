#include "core/failure.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>

#include "core/errors.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

template <class Action>
std::string said(Action action) {
  try {
    action();
  } catch (const std::exception& error) {
    return message_of(error);
  }
  return "nothing was thrown";
}

TEST(FailureTest, OurOwnErrorsSpeakForThemselves) {
  EXPECT_EQ(message_of(DataError("there is no\nfile")), "there is no file");
}

TEST(FailureTest, FileSystemsAreAskedInOurWords) {
  const TemporaryFolder folder;
  const auto path = [&](const char* name) { return (folder / name).string(); };
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  fs::create_directory(folder / "full");
  fs::create_directory(folder / "full/er");
  EXPECT_EQ(said([&] { static_cast<void>(fs::exists(folder / "a")); }),
            "cannot look at '" + path("a") + "': Too many levels of symbolic links");
  EXPECT_EQ(said([&] { fs::create_directory(folder / "none/x"); }),
            "cannot make '" + path("none/x") + "': No such file or directory");
  EXPECT_EQ(said([&] { fs::directory_iterator(folder / "none"); }),
            "cannot list '" + path("none") + "': No such file or directory");
  EXPECT_EQ(said([&] { fs::remove(folder / "full"); }), "cannot remove '" + path("full") + "': Directory not empty");
  EXPECT_EQ(said([&] { fs::rename(folder / "none", folder / "other"); }),
            "cannot rename '" + path("none") + "' and '" + path("other") + "': No such file or directory");
  const std::string long_name = said([&] { static_cast<void>(fs::exists(std::string(300, 'a'))); });
  EXPECT_TRUE(long_name.ends_with("aaa': File name too long")) << long_name;
  EXPECT_LT(long_name.size(), 130U);
}

TEST(FailureTest, ThereIsOneSentenceForMemory) {
  const std::string sentence = message_of(std::bad_alloc());
  EXPECT_TRUE(sentence.starts_with("out of memory; take ")) << sentence;
  EXPECT_LT(sentence.size(), 200U);
  for (const char* foreign :
       {"[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
        "allocate "
        "103079215104 bytes. Error code 12 (Cannot allocate memory)\nframe #0: c10::ThrowEnforceNotMet",
        "CUDA out of memory. Tried to allocate 20.00 GiB"}) {
    EXPECT_EQ(message_of(std::runtime_error(foreign)), sentence);
  }
  EXPECT_EQ(said([] { std::string().resize(static_cast<size_t>(-1)); }), sentence);
  const std::string layer = message_of(std::runtime_error("could not create a primitive"));
  EXPECT_TRUE(layer.starts_with("a layer could not be computed")) << layer;
  EXPECT_LT(layer.size(), 200U);
}

TEST(FailureTest, TheRestIsOneShortLineWithoutAStackTrace) {
  EXPECT_EQ(message_of(std::runtime_error("sizes differ\nException raised from f at g.cpp:1\nframe #0: main")),
            "unexpected: sizes differ");
  EXPECT_LT(message_of(std::runtime_error(std::string(5000, 'x'))).size(), 200U);
  EXPECT_EQ(message_of(std::system_error(EAGAIN, std::generic_category(), "thread")),
            "the system refuses: Resource temporarily unavailable");
}

}  // namespace
}  // namespace pixnerd
