#include "sample/text_file.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/file.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd::sample {
namespace {

using namespace std::string_literals;

class TextFile : public testing::Test {
 protected:
  std::string read(const std::string& text) {
    write_file_atomically(folder_ / "t.txt", [&](std::ostream& out) { out << text; });
    return read_text(folder_ / "t.txt");
  }
  std::string error(const std::string& text) {
    return thrown<DataError>([&] { read(text); });
  }

  // ASCII and U+4E2D for '#'.
  static std::string utf16(const std::string& text, bool low_first) {
    std::string wide;
    for (const char c : text) {
      const char high = c == '#' ? '\x4E' : '\0', low = c == '#' ? '\x2D' : c;
      wide += low_first ? low : high;
      wide += low_first ? high : low;
    }
    return wide;
  }

  TemporaryFolder folder_;
};

TEST_F(TextFile, Utf16IsNamedWithTheWayOut) {
  for (const bool low_first : {true, false}) {
    const std::string mark = low_first ? "\xFF\xFE" : "\xFE\xFF";
    for (const std::string text : {"a fox\r\n", "##\n##\n", ""}) {
      const std::string message = error(mark + utf16(text, low_first));
      EXPECT_NE(message.find("`iconv -f UTF-16 -t UTF-8`"), std::string::npos) << message;
    }
    const std::string name = low_first ? "UTF-16LE" : "UTF-16BE";
    for (const std::string text : {"a fox\r\nan owl", "{\"prompt\": \"a\"}\n"}) {
      const std::string message = error(utf16(text, low_first));
      EXPECT_NE(message.find("`iconv -f " + name + " -t UTF-8`"), std::string::npos) << message;
    }
  }
  // Chinese without a mark: of ASCII only the lines' ends.
  EXPECT_NE(error("\xD0\x72\x38\x72\n\0\xF4\x73\n\0"s).find("UTF-16LE"), std::string::npos);
  EXPECT_NE(error("\xFF\xFE\0\0a\0\0\0"s).find("UTF-32"), std::string::npos);
}

TEST_F(TextFile, OtherBytesAreNamedWithTheirLine) {
  for (const std::string& bad : {"a fox\ncaf\xE9\n"s, "a fox\nan \0owl\n"s, "a fox\nan \0owls\n"s, "a\n\xED\xA0\x80"s,
                                 "a\n\xC0\xAF"s, "a\n\xF0\x9F\xA6"s, "a\n\0\0"s}) {
    const std::string message = error(bad);
    EXPECT_NE(message.find("t.txt:2: "), std::string::npos) << message;
    EXPECT_EQ(message.find("UTF-16"), std::string::npos) << message;
  }
  EXPECT_THROW(read_text(folder_ / "absent"), DataError);
}

TEST_F(TextFile, LosesItsMarkAndNothingElse) {
  EXPECT_EQ(read("\ufeff\ufeff a\r\n"), "\ufeff a\r\n");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("\u72d0 \U0001f98a"), "\u72d0 \U0001f98a");
}

TEST_F(TextFile, LinesEndInEveryWay) {
  const auto lines = lines_of("a\r\n\r\nb\rc\n \t\nd \n\ufeffe");
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[1].text, "b");
  EXPECT_EQ(lines[1].number, 3);
  EXPECT_EQ(lines[2].text, "c");
  EXPECT_EQ(lines[2].number, 4);
  EXPECT_EQ(lines[3].text, "d ");
  EXPECT_EQ(lines[3].number, 6);
  EXPECT_EQ(lines[4].text, "e");
  EXPECT_TRUE(lines_of("\n\r\n").empty());
}

}  // namespace
}  // namespace pixnerd::sample
