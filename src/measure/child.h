// Work in a process of its own: what it takes of memory is its own, and what it leaves behind is gone with it.
#pragma once

#include <functional>
#include <string>

namespace pixnerd::measure {

// Runs `work` in a copy of this process and returns its text. An exception's message comes back as a DataError, as does
// the end of the child by a signal, for lack of memory for one. To be called before the process has made threads: they
// are not in the copy.
std::string in_child(const std::function<std::string()>& work);

}  // namespace pixnerd::measure
