// Reads pickles of tensors, of protocols 2 to 5, without ever building or calling anything that they name. Accepted
// are plain values, containers, tensors, and the classes of pickle_names.h; whatever else a pickle names is refused.
// https://docs.python.org/3/library/pickle.html, https://github.com/python/cpython/blob/main/Lib/pickletools.py
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "checkpoint/pickle_value.h"

namespace pixnerd::checkpoint {

// Far above any real file (a network of a thousand tensors has about 50,000 values in 200 kB); they bound memory to
// a few hundred megabytes.
inline constexpr size_t kMaxPickleBytes = 64'000'000;
inline constexpr size_t kMaxPickleValues = 2'000'000;

struct PickleOptions {
  bool ignore_unknown = false;  // what is not on the list becomes an inert object instead of an error
};

struct Pickle {
  PickleValues values;
  ValueId root = kNoValue;
  size_t bytes = 0;  // from its start to behind its end
};

// The first pickle of `bytes`, which may go on behind it; texts of the result point into them. Time and memory are
// bounded by the length of the pickle and the limits above. Throws CheckpointError that names source.
Pickle read_pickle(std::span<const std::byte> bytes, const PickleOptions& options, const std::string& source);

}  // namespace pixnerd::checkpoint
