// Writes to the history that work goes on without.
#pragma once

#include <chrono>

#include "core/errors.h"
#include "core/log.h"

namespace pixnerd::serve {

// Seconds since 1970, as the history has them.
inline double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// What the disk refuses is said; that a job has ended meanwhile is no fault.
template <class Write>
void if_disk_lets(const Write& write) {
  try {
    write();
  } catch (const RequestError&) {
  } catch (const Error& error) {
    log_warning(error.what());
  }
}

}  // namespace pixnerd::serve
