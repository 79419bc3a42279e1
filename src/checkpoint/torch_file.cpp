#include "checkpoint/torch_file.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>
#include <unordered_map>

#include "checkpoint/messages.h"
#include "checkpoint/torch_entries.h"
#include "checkpoint/zip_file.h"

namespace pixnerd::checkpoint {
namespace {

using Storages = std::unordered_map<std::string_view, std::span<const std::byte>>;

constexpr std::byte kPickleStart{0x80};
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // of a whole number, little-endian
constexpr int64_t kLegacyVersion = 1001;

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<StridedEntry> entries_of(const Pickle& pickle, const Storages& storages, const std::string& source) {
  const auto bytes_of_storage = [&](const PickleStorage& storage) {
    const auto found = storages.find(storage.key);
    if (found == storages.end()) {
      throw error_in(source, concat("its pickle names storage ", quoted(storage.key), ", which it does not hold"));
    }
    return found->second;
  };
  return torch_entries(pickle.values, pickle.root, bytes_of_storage, source);
}

// "NAME/" of the member NAME/data.pkl.
std::string_view folder_of_pickle(const std::vector<ZipMember>& members, const std::string& source) {
  constexpr std::string_view kPickle = "/data.pkl";
  std::string_view folder;
  for (const ZipMember& member : members) {
    if (!member.name.ends_with(kPickle)) continue;
    if (!folder.empty()) throw error_in(source, "is a zip file with more than one data.pkl");
    folder = member.name.substr(0, member.name.size() - kPickle.size() + 1);
  }
  if (folder.empty()) throw error_in(source, "is a zip file without data.pkl, so torch.save has not written it");
  return folder;
}

TorchContents parse_zip_form(std::span<const std::byte> file, const PickleOptions& options, const std::string& source) {
  const std::vector<ZipMember> members = parse_zip(file, source);
  const std::string_view folder = folder_of_pickle(members, source);
  constexpr std::string_view kData = "data/";
  std::span<const std::byte> pickle;
  Storages storages;
  for (const ZipMember& member : members) {
    if (!member.name.starts_with(folder)) continue;
    const std::string_view name = member.name.substr(folder.size());
    if (name == "data.pkl") pickle = member.data;
    if (name == "byteorder" && text(member.data) != "little") {
      throw error_in(source, concat("its numbers have the byte order ", quoted(text(member.data)),
                                    "; save it again on a little-endian machine"));
    }
    if (name.starts_with(kData)) storages.emplace(name.substr(kData.size()), member.data);
  }
  TorchContents contents;
  contents.pickle = read_pickle(pickle, options, source);
  contents.entries = entries_of(contents.pickle, storages, source);
  return contents;
}

class LegacyReader {
 public:
  LegacyReader(std::span<const std::byte> file, const PickleOptions& options, const std::string& source)
      : rest_(file), options_(options), source_(source) {}

  TorchContents read() {
    read_start();
    TorchContents contents;
    contents.form = TorchForm::legacy;
    contents.pickle = next_pickle();
    contents.entries = entries_of(contents.pickle, read_storages(contents.pickle.values), source_);
    return contents;
  }

 private:
  Pickle next_pickle() {
    Pickle pickle = read_pickle(rest_, options_, source_);
    rest_ = rest_.subspan(pickle.bytes);
    return pickle;
  }

  // The magic number, the version, and what machine wrote it, which changes nothing.
  void read_start() {
    const Pickle magic = next_pickle();
    if (!magic.values.is(magic.root, ValueKind::big_integer) || magic.values.text(magic.root) != kMagic) {
      throw error_in(source_, "is a pickle, but none that torch.save wrote");
    }
    const Pickle version = next_pickle();
    if (!version.values.is(version.root, ValueKind::integer) ||
        version.values.integer(version.root) != kLegacyVersion) {
      throw error_in(source_, "is a file of torch.save in an unknown version");
    }
    next_pickle();
  }

  // The storages follow the list of their keys. How long an element is, only the object's pickle says.
  Storages read_storages(const PickleValues& values) {
    std::map<std::string_view, const PickleStorage*> stated;
    for (ValueId id = 0; id < values.size(); ++id) {
      if (values.is(id, ValueKind::storage)) stated.emplace(values.storage(id).key, &values.storage(id));
    }
    const Pickle keys = next_pickle();
    if (!keys.values.is(keys.root, ValueKind::list)) throw error_in(source_, "its list of storages is no list");
    Storages storages;
    for (const ValueId id : keys.values.items(keys.root)) {
      const auto found = keys.values.is(id, ValueKind::text) ? stated.find(keys.values.text(id)) : stated.end();
      if (found == stated.end()) throw error_in(source_, "it lists a storage that no tensor uses");
      if (!storages.emplace(found->first, next_storage(*found->second)).second) {
        throw error_in(source_, concat("storage ", quoted(found->first), " is there twice"));
      }
    }
    return storages;
  }

  std::span<const std::byte> next_storage(const PickleStorage& stated) {
    int64_t elements = 0;
    std::memcpy(&elements, take(sizeof(elements)).data(), sizeof(elements));
    if (elements != stated.elements) {
      throw error_in(source_, concat("storage ", quoted(stated.key), " has ", elements, " elements, its pickle says ",
                                     stated.elements));
    }
    const uint64_t element = stated.typed ? bytes_of(stated.dtype) : 1;
    if (elements < 0 || static_cast<uint64_t>(elements) > rest_.size() / element) fail_truncated();
    return take(static_cast<uint64_t>(elements) * element);
  }

  std::span<const std::byte> take(uint64_t bytes) {
    if (bytes > rest_.size()) fail_truncated();
    const auto taken = rest_.first(bytes);
    rest_ = rest_.subspan(bytes);
    return taken;
  }

  [[noreturn]] void fail_truncated() const {
    throw error_in(source_, "is truncated: a storage ends behind the end of the file; copy the file again");
  }

  std::span<const std::byte> rest_;
  const PickleOptions& options_;
  const std::string& source_;
};

}  // namespace

bool starts_like_torch_file(std::span<const std::byte> file) {
  return starts_like_zip(file) || (!file.empty() && file.front() == kPickleStart);
}

TorchContents parse_torch_file(std::span<const std::byte> file, const PickleOptions& options,
                               const std::string& source) {
  if (starts_like_zip(file)) return parse_zip_form(file, options, source);
  return LegacyReader(file, options, source).read();
}

}  // namespace pixnerd::checkpoint
