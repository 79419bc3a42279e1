// Whether an exception of the libraries, or of the language, says that memory has ended.
#pragma once

#include <exception>

namespace pixnerd::train {

bool is_out_of_memory(const std::exception& error);

}  // namespace pixnerd::train
