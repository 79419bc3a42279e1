#include "config/scalar.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::config {
namespace {

template <class T>
T read_as(const std::string& yaml, const Constraint& limits = {}) {
  T target{};
  read_scalar(parse(yaml, "x.yaml"), "a.b", limits, target);
  return target;
}

template <class T>
std::string refusal(const std::string& yaml, const Constraint& limits = {}) {
  return thrown<ConfigError>([&] { read_as<T>(yaml, limits); });
}

TEST(ReadScalarTest, WholeNumbers) {
  EXPECT_EQ(read_as<int64_t>("12"), 12);
  EXPECT_EQ(read_as<int64_t>("-12"), -12);
  EXPECT_EQ(read_as<int64_t>("+12"), 12);
  EXPECT_EQ(read_as<int64_t>("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(read_as<int64_t>("-9223372036854775808"), INT64_MIN);
  for (const char* bad :
       {"abc", "1.0", "1e3", "0x10", "12a", "+-1", "--1", "-x", "9223372036854775808", "1_000", "1 2", "true"}) {
    EXPECT_EQ(refusal<int64_t>(bad), "x.yaml:1: a.b must be a whole number, not '" + std::string(bad) + "'");
  }
}

TEST(ReadScalarTest, Numbers) {
  EXPECT_EQ(read_as<double>("1"), 1);
  EXPECT_EQ(read_as<double>("-1.5e-3"), -1.5e-3);
  EXPECT_EQ(read_as<double>("1e-4"), 1e-4);
  EXPECT_EQ(read_as<double>(".5"), 0.5);
  EXPECT_EQ(read_as<double>("2."), 2);
  EXPECT_EQ(read_as<double>("+3E2"), 300);
  for (const char* bad : {"abc", "1,5", ".inf", "-.inf", ".nan", "inf", "nan", "1e999", "0x1p3", "1e", ".", "1.2.3"}) {
    EXPECT_EQ(refusal<double>(bad).rfind("x.yaml:1: a.b must be a number, not ", 0), 0u) << bad;
  }
}

TEST(ReadScalarTest, TruthValues) {
  for (const char* yes : {"true", "True", "TRUE"}) EXPECT_TRUE(read_as<bool>(yes));
  for (const char* no : {"false", "False", "FALSE"}) EXPECT_FALSE(read_as<bool>(no));
  for (const char* bad : {"yes", "1", "tRue", "on"}) {
    EXPECT_EQ(refusal<bool>(bad), "x.yaml:1: a.b must be true or false, not '" + std::string(bad) + "'");
  }
}

TEST(ReadScalarTest, TextIsAnyScalarButNull) {
  EXPECT_EQ(read_as<std::string>("a b"), "a b");
  EXPECT_EQ(read_as<std::string>("5"), "5");
  EXPECT_EQ(read_as<std::string>("''"), "");
  EXPECT_EQ(read_as<std::string>("'null'"), "null");
  EXPECT_EQ(refusal<std::string>("null"), "x.yaml:1: a.b must be text, not empty");
}

TEST(ReadScalarTest, QuotedTextIsNothingElse) {
  EXPECT_EQ(refusal<int64_t>("'5'"), "x.yaml:1: a.b must be a whole number, not the text '5'");
  EXPECT_THROW(read_as<double>("\"0.5\""), ConfigError);
  EXPECT_THROW(read_as<bool>("'true'"), ConfigError);
}

TEST(ReadScalarTest, OtherKindsAreRefused) {
  EXPECT_EQ(refusal<bool>("[1, 2]"), "x.yaml:1: a.b must be true or false, not a list of 2");
  EXPECT_EQ(refusal<double>("{c: 1}"), "x.yaml:1: a.b must be a number, not a section");
  EXPECT_EQ(refusal<int64_t>(""), "x.yaml:1: a.b must be a whole number, not empty");
  EXPECT_EQ(refusal<std::string>("[1]"), "x.yaml:1: a.b must be text, not a list of 1");
}

TEST(ReadScalarTest, MessagesStayOnOneShortLine) {
  const std::string message = refusal<int64_t>("\"" + std::string(500, 'x') + "\"");
  EXPECT_LT(message.size(), 200u);
  EXPECT_EQ(refusal<int64_t>("\"a\\nb\""), "x.yaml:1: a.b must be a whole number, not the text 'a?b'");
}

TEST(ConstraintTest, LimitsAreNamedAndHold) {
  EXPECT_EQ(read_as<int64_t>("1", at_least(1)), 1);
  EXPECT_EQ(refusal<int64_t>("0", at_least(1)), "x.yaml:1: a.b must be a whole number of at least 1, not '0'");
  EXPECT_EQ(refusal<int64_t>("abc", at_least(1)), "x.yaml:1: a.b must be a whole number of at least 1, not 'abc'");
  EXPECT_EQ(read_as<double>("0", between(0, 1)), 0);
  EXPECT_EQ(read_as<double>("1", between(0, 1)), 1);
  EXPECT_EQ(refusal<double>("1.5", between(0, 1)), "x.yaml:1: a.b must be a number between 0 and 1, not '1.5'");
  EXPECT_EQ(refusal<int64_t>("5", between(1, 4)), "x.yaml:1: a.b must be a whole number between 1 and 4, not '5'");
  EXPECT_EQ(read_as<double>("1e-300", positive()), 1e-300);
  EXPECT_EQ(refusal<double>("0", positive()), "x.yaml:1: a.b must be a number above 0, not '0'");
  EXPECT_EQ(refusal<int64_t>("-3", positive()), "x.yaml:1: a.b must be a whole number above 0, not '-3'");
}

TEST(ConstraintTest, NotANumberIsNeverAllowed) {
  EXPECT_FALSE(Constraint{}.allows(std::nan("")));
  EXPECT_FALSE(at_least(0).allows(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(Constraint{}.phrase(), "");
}

TEST(ConstraintTest, LargeWholeNumbersAreComparedExactly) {
  EXPECT_FALSE(at_least(0x1p53).allows((int64_t{1} << 53) - 1));
  EXPECT_TRUE(at_least(0x1p53).allows((int64_t{1} << 53) + 1));
  EXPECT_FALSE(between(0, 0x1p53).allows((int64_t{1} << 53) + 1));
}

TEST(ReadNameTest, GivesTheIndexOrListsTheNames) {
  const std::vector<std::string> names = {"euler", "heun", "adams"};
  EXPECT_EQ(read_name(parse("heun", "x.yaml"), "a", names), 1u);
  EXPECT_EQ(read_name(parse("'adams'", "x.yaml"), "a", names), 2u);
  EXPECT_EQ(thrown<ConfigError>([&] { read_name(parse("rk4", "x.yaml"), "a", names); }),
            "x.yaml:1: a must be one of euler, heun, adams, not 'rk4'");
  EXPECT_EQ(thrown<ConfigError>([&] { read_name(parse("[heun]", "x.yaml"), "a", names); }),
            "x.yaml:1: a must be one of euler, heun, adams, not a list of 1");
}

TEST(ScalarValueTest, NumbersReadBackExactly) {
  for (const double x :
       {0.0, -0.0, 1.0, 0.1, 1e-4, 1e22, 1e-5, 1.5e300, 5e-324, 0.1 + 0.2, std::numeric_limits<double>::max()}) {
    const std::string text = to_line(scalar_value(x));
    const double again = read_as<double>(text);
    EXPECT_EQ(again, x) << text;
    EXPECT_EQ(std::signbit(again), std::signbit(x));
    EXPECT_NE(text.find('.'), std::string::npos) << text;
  }
  for (const int64_t x : {int64_t{0}, int64_t{-7}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(read_as<int64_t>(to_line(scalar_value(x))), x);
  }
}

TEST(ScalarValueTest, WritesShortText) {
  EXPECT_EQ(to_line(scalar_value(1.0)), "1.0");
  EXPECT_EQ(to_line(scalar_value(1e-5)), "1.0e-05");
  EXPECT_EQ(to_line(scalar_value(0.9)), "0.9");
  EXPECT_EQ(to_line(scalar_value(true)), "true");
  EXPECT_EQ(to_line(scalar_value(std::string("true"))), "\"true\"");
}

}  // namespace
}  // namespace pixnerd::config
