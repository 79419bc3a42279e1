// For tests of error paths.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace pixnerd {

// The message of the Error of type E that `action` throws; "" and a failed test if it throws none or another.
template <class E, class Action>
std::string thrown(Action action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error was thrown: " << error.what();
    return "";
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace pixnerd
