// Files of torch.save, in both forms, end in a CheckpointError, or in tensors under unique names all of whose elements
// lie inside the file.
#include "checkpoint/torch_file.h"

#include <functional>
#include <set>
#include <string>

#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using namespace pixnerd::checkpoint;
using fuzz::require;

void check_place(const StridedEntry& entry, std::span<const std::byte> file) {
  require(entry.shape.size() == entry.strides.size(), "each side has a stride");
  size_t last = 0;  // the place of the last element
  bool empty = false;
  for (size_t i = 0; i < entry.shape.size(); ++i) {
    require(entry.shape[i] >= 0 && entry.strides[i] >= 0, "sides and strides are not negative");
    empty = empty || entry.shape[i] == 0;
    if (entry.shape[i] > 0) last += static_cast<size_t>((entry.shape[i] - 1) * entry.strides[i]);
  }
  require(entry.bytes == (empty ? 0 : bytes_of(last + 1, entry.dtype)), "an entry has the bytes its strides need");
  if (entry.bytes == 0) return;
  require(!std::less<>()(entry.data, file.data()), "entries begin inside the file");
  require(!std::less<>()(file.data() + file.size(), entry.data + entry.bytes), "entries end inside the file");
}

bool accepted(std::span<const std::byte> file, bool ignore_unknown) {
  TorchContents contents;
  const PickleOptions options{.ignore_unknown = ignore_unknown};
  if (!fuzz::accepts<CheckpointError>([&] { contents = parse_torch_file(file, options, "x.ckpt"); })) return false;
  std::set<std::string> names;
  for (const StridedEntry& entry : contents.entries) {
    check_place(entry, file);
    require(names.insert(entry.name).second, "names are unique");
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file = fuzz::as_bytes(data, size);
  const bool strictly = accepted(file, false);
  const bool ignoring = accepted(file, true);
  require(!strictly || ignoring, "ignoring refuses nothing more");
  return 0;
}
