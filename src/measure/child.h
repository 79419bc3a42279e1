// Work in a process of its own: what it takes of memory is its own, and what it leaves behind is gone with it.
#pragma once

#include <functional>
#include <string>

namespace pixnerd::measure {

// Runs `work` in a copy of this process and returns its text. An exception's message comes back as a DataError, as does
// the end of the child by a signal, for lack of memory for one. A process that has other threads (OpenMP keeps its own)
// may not call this, and gets a c10::Error: the copy would wait for them, and they are not in it.
std::string in_child(const std::function<std::string()>& work);

}  // namespace pixnerd::measure
