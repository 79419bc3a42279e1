#include "cli/half_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

namespace pixnerd::cli {
namespace {

constexpr const char* kBlock = "\xe2\x96\x80";

TEST(HalfBlocks, TwoRowsOfPixelsAreALine) {
  const image::Image picture{2, 2, {255, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255}};
  // Red above, green and then blue below; a colour that stays is not said again.
  EXPECT_EQ(half_blocks(picture, 80),
            std::string("\x1b[38;2;255;0;0m\x1b[48;2;0;255;0m") + kBlock + "\x1b[48;2;0;0;255m" + kBlock + "\x1b[0m");
}

TEST(HalfBlocks, AnOddRowHasTheTerminalsGroundBelow) {
  const image::Image picture{1, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9}};
  EXPECT_EQ(half_blocks(picture, 80), std::string("\x1b[38;2;1;2;3m\x1b[48;2;4;5;6m") + kBlock +
                                          "\x1b[0m\n\x1b[38;2;7;8;9m" + kBlock + "\x1b[0m");
}

TEST(HalfBlocks, WidePicturesAreShrunkToTheColumns) {
  image::Image picture = image::blank(40, 8);
  for (size_t i = 0; i < picture.rgb.size(); ++i) picture.rgb[i] = i / 3 % 2 == 0 ? 0 : 200;
  const std::string text = half_blocks(picture, 10);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\xe2'), 10);  // 10 x 2 pixels
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 0);
  EXPECT_NE(text.find("\x1b[38;2;100;100;100m"), std::string::npos) << text;
  EXPECT_FALSE(half_blocks(picture, 0).empty());
}

// Of the environment, for as long as the scope lives.
class Variable {
 public:
  explicit Variable(const char* name) : name_(name) {
    if (const char* const value = std::getenv(name)) before_ = value;
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

  void set(const char* value) const { ::setenv(name_, value, 1); }
  void unset() const { ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(HalfBlocks, TerminalsSayWhetherTheyHaveTheColours) {
  const Variable term("TERM"), colours("COLORTERM");
  term.set("xterm-256color");
  colours.unset();
  EXPECT_FALSE(has_true_colour());
  colours.set("truecolor");
  EXPECT_TRUE(has_true_colour());
  colours.set("no");
  EXPECT_FALSE(has_true_colour());
  term.set("xterm-direct");
  EXPECT_TRUE(has_true_colour());
}

}  // namespace
}  // namespace pixnerd::cli
