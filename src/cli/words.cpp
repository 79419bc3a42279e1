#include "cli/words.h"

#include "text/unicode.h"

namespace pixnerd::cli {

config::Value words(std::string_view text) {
  return config::text_value(text::repaired(text));
}

}  // namespace pixnerd::cli
