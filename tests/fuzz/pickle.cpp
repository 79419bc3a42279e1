// Pickles end in a CheckpointError, or in values that refer to values that exist and to texts inside the pickle. What
// is accepted as it is, is accepted with unknown classes ignored too.
#include "checkpoint/pickle.h"

#include <functional>

#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using namespace pixnerd::checkpoint;
using fuzz::require;

void check_text(std::string_view text, std::span<const std::byte> file) {
  if (text.empty()) return;
  const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
  require(!std::less<>()(begin, file.data()), "texts begin inside the pickle");
  require(!std::less<>()(file.data() + file.size(), begin + text.size()), "texts end inside the pickle");
}

// Names are put together of two texts and so lie elsewhere: a sanitizer watches their bytes being read.
void check_name(std::string_view name) {
  require(name.find('.') != std::string_view::npos, "a name has a module");
}

void check_tensor(const PickleValues& values, const PickleTensor& tensor) {
  for (const ValueId part : {tensor.storage, tensor.size, tensor.stride}) {
    require(part < values.size(), "the parts of a tensor exist");
  }
  require(values.is(tensor.storage, ValueKind::storage), "a tensor has a storage");
}

void check_value(const PickleValues& values, ValueId id, std::span<const std::byte> file) {
  if (values.is(id, ValueKind::object)) check_name(values.text(id));
  switch (values.kind(id)) {
    case ValueKind::text:
    case ValueKind::bytes:
    case ValueKind::big_integer:
      return check_text(values.text(id), file);
    case ValueKind::callable:
      return check_name(values.text(id));
    case ValueKind::dict:
      require(values.items(id).size() % 2 == 0, "a dict has a value for each key");
      [[fallthrough]];
    case ValueKind::list:
    case ValueKind::tuple:
    case ValueKind::set:
    case ValueKind::object:
      for (const ValueId item : values.items(id)) require(item < values.size(), "items exist");
      return;
    case ValueKind::storage:
      return check_text(values.storage(id).key, file);
    case ValueKind::tensor:
      return check_tensor(values, values.tensor(id));
    case ValueKind::none:
    case ValueKind::boolean:
    case ValueKind::integer:
    case ValueKind::real:
    case ValueKind::dtype:
      return;
  }
}

bool accepted(std::span<const std::byte> file, bool ignore_unknown) {
  Pickle pickle;
  const PickleOptions options{.ignore_unknown = ignore_unknown};
  if (!fuzz::accepts<CheckpointError>([&] { pickle = read_pickle(file, options, "x.ckpt"); })) return false;
  require(pickle.bytes <= file.size(), "a pickle ends inside its bytes");
  require(pickle.root < pickle.values.size(), "a pickle has a root");
  for (size_t id = 0; id < pickle.values.size(); ++id) check_value(pickle.values, static_cast<ValueId>(id), file);
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
