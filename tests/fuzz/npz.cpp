// Files of NumPy's arrays end in a DataError, or in arrays that have as many elements as their shapes say and that end
// where these do.
#include "data/npz.h"

#include <algorithm>
#include <vector>

#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using fuzz::require;

constexpr size_t kMostArrays = 4, kMostBytes = 1 << 20;

void check_array(const std::filesystem::path& path, const std::string& name) {
  data::NpzArray array(path, name);
  require(array.type().size() == 2, "a type is a kind and a number of bytes");
  int64_t elements = 1;
  for (const int64_t side : array.shape()) {
    require(side >= 0, "sides are not negative");
    elements *= side;
  }
  require(elements == array.elements(), "there are as many elements as the shape says");
  const auto item_bytes = static_cast<size_t>(array.type()[1] - '0');
  const size_t bytes = static_cast<size_t>(elements) * item_bytes;
  std::vector<std::byte> some(std::min(bytes, kMostBytes));
  array.read(some);
  if (bytes > kMostBytes) return;
  std::byte more{};
  require(!fuzz::accepts<DataError>([&] { array.read({&more, 1}); }), "nothing follows the last element");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile content(fuzz::as_text(data, size));
  std::vector<std::string> names;
  fuzz::accepts<DataError>([&] { names = data::npz_names(content.path()); });
  names.resize(std::min(names.size(), kMostArrays));
  for (const std::string& name : names) fuzz::accepts<DataError>([&] { check_array(content.path(), name); });
  return 0;
}
