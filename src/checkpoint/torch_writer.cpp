#include "checkpoint/torch_writer.h"

#include <charconv>
#include <optional>
#include <set>

#include "checkpoint/messages.h"
#include "checkpoint/pickle_names.h"
#include "checkpoint/pickle_opcodes.h"
#include "checkpoint/safetensors_header.h"
#include "checkpoint/strided_entry.h"
#include "checkpoint/weights_file.h"
#include "checkpoint/zip_writer.h"
#include "core/file.h"

namespace pixnerd::checkpoint {
namespace {

constexpr const char* kFolder = "archive/";
constexpr std::string_view kStateDict = "state_dict";

// Builds a pickle of protocol 2, of the operations that torch.save uses.
class PickleWriter {
 public:
  PickleWriter() {
    code(kProto);
    number<uint8_t>(2);
  }

  void code(Opcode code) { bytes_ += static_cast<char>(code); }

  void text(std::string_view text) {
    code(kBinUnicode);
    number(static_cast<uint32_t>(text.size()));
    bytes_ += text;
  }

  void integer(int64_t value) {
    if (value >= 0 && value <= 0xff) {
      code(kBinInt1);
      number(static_cast<uint8_t>(value));
    } else if (value == static_cast<int32_t>(value)) {
      code(kBinInt);
      number(static_cast<int32_t>(value));
    } else {
      code(kLong1);
      number<uint8_t>(sizeof(value));
      number(value);
    }
  }

  void integers(const std::vector<int64_t>& values) {
    code(kMark);
    for (const int64_t value : values) integer(value);
    code(kTuple);
  }

  void global(std::string_view module, std::string_view name) {
    code(kGlobal);
    bytes_ += concat(module, '\n', name, '\n');
  }

  void tensor(const TensorEntry& entry, size_t storage) {
    const char* const typed = storage_class(entry.dtype);
    global("torch._utils", typed != nullptr ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
    code(kMark);
    code(kMark);
    text("storage");
    typed != nullptr ? global("torch", typed) : global("torch.storage", "UntypedStorage");
    text(concat(storage));
    text("cpu");
    integer(static_cast<int64_t>(typed != nullptr ? entry.bytes / bytes_of(entry.dtype) : entry.bytes));
    code(kTuple);
    code(kBinPersId);
    integer(0);
    integers(entry.shape);
    integers(row_major(entry.shape));
    code(kNewFalse);
    global("collections", "OrderedDict");
    code(kEmptyTuple);
    code(kReduce);
    if (typed == nullptr) global("torch", torch_name(entry.dtype));
    code(kTuple);
    code(kReduce);
  }

  std::string take() {
    code(kStop);
    return std::move(bytes_);
  }

 private:
  template <class Number>
  void number(Number value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }

  std::string bytes_;
};

// Quantised tensors have more to them than their elements.
bool is_written(DType dtype) {
  return torch_name(dtype) != nullptr && !std::string_view(torch_name(dtype)).starts_with("q");
}

void require_valid(std::span<const TensorEntry> entries, const Metadata& metadata, const std::string& source) {
  std::set<std::string_view> names;
  for (const TensorEntry& entry : entries) {
    const auto fail = [&](const auto&... what) { throw error_in(source, concat(printable(entry.name), " ", what...)); };
    require_utf8(entry.name, source);
    if (!names.insert(entry.name).second) fail("is there twice");
    if (entry.shape.size() > kMaxRank) fail("has more than ", kMaxRank, " sides");
    if (!is_written(entry.dtype)) fail("has dtype ", name_of(entry.dtype), ", which is not written to PyTorch's files");
    if (size_of(entry.shape, entry.dtype) != entry.bytes) {
      fail("has ", entry.bytes, " bytes, which do not fit its shape ", entry.shape);
    }
  }
  for (const auto& [key, value] : metadata) {
    if (key == kStateDict) throw error_in(source, concat("metadata cannot have the key '", kStateDict, "'"));
    require_utf8(key, source);
    require_utf8(value, source);
  }
}

std::optional<int64_t> counted(const std::string& key, const std::string& text) {
  if (key != "global_step" && key != "epoch") return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::string pickle_of(std::span<const TensorEntry> entries, const Metadata& metadata) {
  PickleWriter pickle;
  pickle.code(kEmptyDict);
  pickle.code(kMark);
  pickle.text(kStateDict);
  pickle.code(kEmptyDict);
  pickle.code(kMark);
  for (size_t i = 0; i < entries.size(); ++i) {
    pickle.text(entries[i].name);
    pickle.tensor(entries[i], i);
  }
  pickle.code(kSetItems);
  for (const auto& [key, value] : metadata) {
    pickle.text(key);
    if (const std::optional<int64_t> number = counted(key, value)) {
      pickle.integer(*number);
    } else {
      pickle.text(value);
    }
  }
  pickle.code(kSetItems);
  return pickle.take();
}

}  // namespace

void write_torch_file(const std::filesystem::path& path, std::span<const TensorEntry> entries, const Metadata& metadata,
                      const BytesOf& bytes_of_entry) {
  const std::string source = path.string();
  require_valid(entries, metadata, source);
  write_file_atomically(path, [&](std::ostream& out) {
    ZipWriter zip(out);
    zip.add(concat(kFolder, "data.pkl"), pickle_of(entries, metadata));
    zip.add(concat(kFolder, "byteorder"), "little");
    MappedSources sources;
    for (size_t i = 0; i < entries.size(); ++i) {
      const std::span<const std::byte> bytes = bytes_to_write(entries, i, bytes_of_entry, source);
      sources.add(bytes.data());
      zip.add(concat(kFolder, "data/", i), bytes);
    }
    zip.add(concat(kFolder, "version"), "3\n");
    zip.finish();
    out.flush();
    require_unchanged(sources);
  });
}

}  // namespace pixnerd::checkpoint
