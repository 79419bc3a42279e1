// A header of a response.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace pixnerd::serve {

// "" where there is none of that name.
inline std::string header(const http::Response& response, std::string_view name) {
  const std::string* const value = http::find(response.headers, name);
  return value == nullptr ? "" : *value;
}

}  // namespace pixnerd::serve
