// What any exception says to the person at the terminal.
#pragma once

#include <exception>
#include <string>

namespace pixnerd {

// One line. An Error's own words; a sentence of ours for what the file system, the allocator, oneDNN and LibTorch
// throw, below 200 characters without the paths in it and without their stack traces.
std::string message_of(const std::exception& error);

// Whether an exception of the language or of a library says that memory has ended.
bool is_out_of_memory(const std::exception& error);

}  // namespace pixnerd
