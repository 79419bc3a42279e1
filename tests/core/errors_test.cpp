#include "core/errors.h"

#include <gtest/gtest.h>

namespace pixnerd {
namespace {

template <class E>
class ErrorsTest : public testing::Test {};
using Errors = testing::Types<ConfigError, DataError, CheckpointError, RequestError>;
TYPED_TEST_SUITE(ErrorsTest, Errors);

TYPED_TEST(ErrorsTest, IsAnErrorAndKeepsItsMessage) {
  try {
    throw TypeParam("what, where, how to mend it");
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "what, where, how to mend it");
  }
}

}  // namespace
}  // namespace pixnerd
