// The errors pixnerd throws. Each message says what was wrong, where, and how to mend it; the command line prints it
// as one line. TORCH_CHECK and assert are for programming errors only.
#pragma once

#include <stdexcept>
#include <string>

namespace pixnerd {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A configuration file or --set value: unknown key, wrong type, impossible combination.
struct ConfigError : Error {
  using Error::Error;
};

// Pictures, folders and other files that are read or written.
struct DataError : Error {
  using Error::Error;
};

// Checkpoint files: truncated, malformed, or not what the configuration needs.
struct CheckpointError : Error {
  using Error::Error;
};

// What a caller asked for cannot be done: a size, a class, a setting of the sampler.
struct RequestError : Error {
  using Error::Error;
};

}  // namespace pixnerd
