// Files of weights of any format, by their path, end in an Error, or in entries that are found by their names and whose
// bytes can be read. The index of several files names none that exists here: shard_index.cpp looks at what it says.
#include "checkpoint/weights_file.h"

#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using namespace pixnerd::checkpoint;

void check_entries(const WeightsFile& file) {
  unsigned sum = 0;
  for (const StridedEntry& entry : file.entries()) {
    fuzz::require(file.find(entry.name) == &entry, "an entry is found by its name");
    if (entry.bytes > 0)
      sum += static_cast<unsigned>(entry.data[0]) + static_cast<unsigned>(entry.data[entry.bytes - 1]);
  }
  // Keeps the reading.
  fuzz::require(sum <= 510 * file.entries().size(), "bytes are bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(fuzz::as_text(data, size));
  const PickleOptions options{.ignore_unknown = true};
  fuzz::accepts<Error>([&] { check_entries(*WeightsFile::open(file.path(), options)); });
  return 0;
}
