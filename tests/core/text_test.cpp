#include "core/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <locale>

namespace pixnerd {
namespace {

TEST(ConcatTest, JoinsPartsOfAllKinds) {
  EXPECT_EQ(concat("a ", 3, ' ', std::string("b"), " ", true, std::string_view("!")), "a 3 b true!");
  EXPECT_EQ(concat(), "");
  EXPECT_EQ(concat(std::filesystem::path("x/y z")), "x/y z");
  EXPECT_EQ(concat(uint8_t{65}, " ", int8_t{-1}), "65 -1");
}

TEST(ConcatTest, WritesShapes) {
  EXPECT_EQ(concat(std::vector<int64_t>{2, 3}), "[2, 3]");
  EXPECT_EQ(concat(std::vector<int64_t>{}), "[]");
  EXPECT_EQ(concat(std::vector<bool>{true, false}), "[true, false]");
}

TEST(ConcatTest, FloatsAreTheShortestThatReadBack) {
  EXPECT_EQ(concat(0.1f), "0.1");
  EXPECT_EQ(concat(0.1), "0.1");
  EXPECT_EQ(concat(1.0), "1");
  EXPECT_EQ(concat(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(concat(1e-4), "0.0001");
  EXPECT_EQ(concat(1e-5), "1e-05");
  EXPECT_EQ(concat(1e15), "1000000000000000");
  EXPECT_EQ(concat(1e16f), "1e+16");
  EXPECT_EQ(concat(-0.0), "-0");
  EXPECT_EQ(concat(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(ConcatTest, DoesNotFollowTheGlobalLocale) {
  struct Thousands : std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Thousands));
  const std::string text = concat(1234567);
  std::locale::global(before);
  EXPECT_EQ(text, "1234567");
}

TEST(PrintableTest, ReplacesWhatATerminalCannotShow) {
  EXPECT_EQ(printable("one\ntwo\x1b[31m\x7f"), "one?two?[31m?");
  EXPECT_EQ(printable("\xC3\xA4 \xE2\x82 \xFF \xC2\x9B"), "\xC3\xA4 ?? ? ?");
}

TEST(PrintableTest, ShortensInTheMiddle) {
  EXPECT_EQ(printable("12345", 5), "12345");
  EXPECT_EQ(printable("123456", 5), "1...6");
  EXPECT_EQ(printable("", 5), "");
  const std::string path = "/" + std::string(300, 'a') + "/name.png";
  EXPECT_EQ(printable(path).size(), 80U);
  EXPECT_TRUE(printable(path).starts_with("/aaa") && printable(path).ends_with("aaa/name.png")) << printable(path);
}

TEST(PrintableTest, CutsBetweenCharacters) {
  const std::string euros = "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC";
  EXPECT_EQ(printable(euros, 9), "\xE2\x82\xAC...\xE2\x82\xAC");
  EXPECT_EQ(printable(euros, 8), "\xE2\x82\xAC...");
  EXPECT_EQ(printable(euros, 7), "...");
}

TEST(QuotedTest, PutsNamesAndPathsInQuotes) {
  EXPECT_EQ(quoted("a\nb"), "'a?b'");
  EXPECT_EQ(quoted(std::filesystem::path("a/b c")), "'a/b c'");
  EXPECT_EQ(quoted(std::string(300, 'a')), "'" + std::string(39, 'a') + "..." + std::string(38, 'a') + "'");
}

TEST(AsciiLowerTest, LeavesEverythingElse) {
  EXPECT_EQ(ascii_lower("PNG.\xC3\x84z"), "png.\xC3\x84z");
  EXPECT_EQ(ascii_lower('['), '[');
}

TEST(HumanBytesTest, UsesDecimalUnits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1.0 kB");
  EXPECT_EQ(human_bytes(1'840'000'000), "1.8 GB");
  EXPECT_EQ(human_bytes(9'960'000), "10 MB");
  EXPECT_EQ(human_bytes(23'400'000), "23 MB");
  EXPECT_EQ(human_bytes(999'400'000), "999 MB");
  EXPECT_EQ(human_bytes(999'600'000), "1.0 GB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "18 EB");
}

TEST(HumanDurationTest, UsesTwoUnits) {
  EXPECT_EQ(human_duration(0), "0.0 s");
  EXPECT_EQ(human_duration(0.42), "0.4 s");
  EXPECT_EQ(human_duration(9.96), "10 s");
  EXPECT_EQ(human_duration(59.4), "59 s");
  EXPECT_EQ(human_duration(59.6), "1 min 0 s");
  EXPECT_EQ(human_duration(200), "3 min 20 s");
  EXPECT_EQ(human_duration(3599.7), "1 h 0 min");
  EXPECT_EQ(human_duration(2 * 3600 + 5 * 60), "2 h 5 min");
  EXPECT_EQ(human_duration(76 * 3600), "3 d 4 h");
}

TEST(HumanDurationTest, SaysUnknownForWhatIsNoDuration) {
  EXPECT_EQ(human_duration(-1), "unknown");
  EXPECT_EQ(human_duration(std::nan("")), "unknown");
  EXPECT_EQ(human_duration(std::numeric_limits<double>::infinity()), "unknown");
}

TEST(NearestTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> known = {"hidden_size", "num_heads", "num_blocks", "steps"};
  EXPECT_EQ(nearest("hiden_size", known), "hidden_size");
  EXPECT_EQ(nearest("num_haeds", known), "num_heads");
  EXPECT_EQ(nearest("STEP", known), "steps");
  EXPECT_EQ(nearest("num_block", known), "num_blocks");
}

TEST(NearestTest, FindsNothingWhereNothingIsClose) {
  EXPECT_EQ(nearest("learning_rate", {"hidden_size", "steps"}), "");
  EXPECT_EQ(nearest("a", {"b"}), "");
  EXPECT_EQ(nearest("", {"b", ""}), "");
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(nearest(std::string(1 << 20, 'x'), {std::string(1 << 20, 'x')}), "");
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({"a"}, ", "), "a");
  EXPECT_EQ(join({"a", "", "b"}, ", "), "a, , b");
}

}  // namespace
}  // namespace pixnerd
