// For tests of what is refused.
#pragma once

#include <gtest/gtest.h>

#include "config/json.h"
#include "serve/refusal.h"

namespace pixnerd::serve {

// The Refusal that `action` throws, and a failed test if it throws none or something else.
template <class Action>
Refusal refused(Action action) {
  try {
    action();
    ADD_FAILURE() << "nothing was refused";
  } catch (const Refusal& refusal) {
    return refusal;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error was thrown: " << error.what();
  }
  return {0, "", ""};
}

inline config::Value json(const std::string& text) {
  return config::parse_json(text, "test");
}

}  // namespace pixnerd::serve
