// Texts from elsewhere, names of files among them, as JSON may hold them: they need not be UTF-8.
#pragma once

#include <string_view>

#include "config/value.h"

namespace pixnerd::cli {

config::Value words(std::string_view text);

}  // namespace pixnerd::cli
