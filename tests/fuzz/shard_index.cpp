// The index of a checkpoint in several files ends in a CheckpointError, or in names of files in its own folder.
#include "checkpoint/shard_index.h"

#include "tests/fuzz/checks.h"

using namespace pixnerd;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  checkpoint::ShardIndex index;
  const auto parse = [&] { index = checkpoint::parse_shard_index(fuzz::as_text(data, size), "x.index.json"); };
  if (!fuzz::accepts<CheckpointError>(parse)) return 0;
  for (const auto& [tensor, file] : index) {
    require(!file.empty() && file != "." && file != "..", "a file has a name");
    require(file.find('/') == std::string::npos, "a file is in the folder of the index");
    require(file.find('\0') == std::string::npos, "a file has the name that the system sees");
  }
  return 0;
}
