// Numbers of things in messages.
#pragma once

#include <cstdint>
#include <string>

#include "core/text.h"

namespace pixnerd {

// "1 picture", "2 pictures".
inline std::string counted(int64_t number, const char* one, const char* more) {
  return concat(number, " ", number == 1 ? one : more);
}

}  // namespace pixnerd
