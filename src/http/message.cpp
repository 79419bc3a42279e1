#include "http/message.h"

#include "core/text.h"

namespace pixnerd::http {

const std::string* find(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (ascii_lower(key) == ascii_lower(std::string(name))) return &value;
  }
  return nullptr;
}

}  // namespace pixnerd::http
