#include "checkpoint/shard_index.h"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <numeric>
#include <ostream>
#include <set>
#include <sstream>
#include <system_error>
#include <vector>

#include "checkpoint/messages.h"
#include "core/file.h"

namespace pixnerd::checkpoint {
namespace {

using Json = nlohmann::json;
constexpr std::string_view kMap = "weight_map";

// Receives nlohmann's events; keeps the texts of the weight_map and no tree of anything else.
class IndexReader : public nlohmann::json_sax<Json> {
 public:
  explicit IndexReader(const std::string& source) : source_(source) {}

  ShardIndex take() {
    if (!seen_) fail("has no weight_map");
    return std::move(index_);
  }

  bool start_object(size_t) override {
    if (in_map()) fail(concat("has no text in its weight_map for ", printable(key_)));
    if (depth_ == 1 && key_ == kMap) {
      if (seen_) fail("has two weight_maps");
      seen_ = inside_ = true;
    }
    ++depth_;
    return true;
  }

  bool end_object() override {
    if (--depth_ == 1) inside_ = false;
    return true;
  }

  bool start_array(size_t) override {
    ++depth_;
    return other();
  }

  bool end_array() override {
    --depth_;
    return true;
  }

  bool key(string_t& text) override {
    key_ = std::move(text);
    return true;
  }

  bool string(string_t& text) override {
    if (!in_map()) return other();
    if (text.empty() || text.find_first_of("/\\") != std::string::npos || text.find('\0') != std::string::npos ||
        text == "." || text == "..") {
      fail(concat("places ", printable(key_), " in ", quoted(text), ", which is no file beside it"));
    }
    if (!index_.emplace(std::move(key_), std::move(text)).second) fail("has a name twice");
    return true;
  }

  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(number_integer_t) override { return other(); }
  bool number_unsigned(number_unsigned_t) override { return other(); }
  bool number_float(number_float_t, const string_t&) override { return other(); }
  bool binary(binary_t&) override { return other(); }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail(concat("is no index of safetensors files: not valid JSON at its byte ", position));
  }

 private:
  [[noreturn]] void fail(std::string_view what) const { throw error_in(source_, what); }

  bool in_map() const { return inside_; }

  bool other() const {
    if (in_map()) fail(concat("has no text in its weight_map for ", printable(key_)));
    return true;
  }

  const std::string& source_;
  ShardIndex index_;
  std::string key_;
  size_t depth_ = 0;
  bool inside_ = false, seen_ = false;
};

// Which entries go into which file: in the order of their names, as many as fit.
std::vector<std::vector<size_t>> split(std::span<const TensorEntry> entries, uint64_t shard_bytes) {
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return entries[a].name < entries[b].name; });
  std::vector<std::vector<size_t>> shards(1);
  uint64_t filled = 0;
  for (const size_t i : order) {
    if (!shards.back().empty() && filled + entries[i].bytes > shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(i);
    filled += entries[i].bytes;
  }
  return shards;
}

void require_unique_names(std::span<const TensorEntry> entries, const std::string& source) {
  std::set<std::string_view> names;
  for (const TensorEntry& entry : entries) {
    if (!names.insert(entry.name).second) throw error_in(source, concat(printable(entry.name), " is there twice"));
  }
}

std::string shard_name(const std::string& stem, size_t number, size_t count) {
  std::ostringstream name;
  name << stem << '-' << std::setfill('0') << std::setw(5) << number << "-of-" << std::setw(5) << count
       << ".safetensors";
  return name.str();
}

std::string stem_of(const std::filesystem::path& index) {
  std::string stem = index.filename().string();
  for (const std::string_view ending : {kIndexEnding, std::string_view(".safetensors")}) {
    if (stem.ends_with(ending)) stem.resize(stem.size() - ending.size());
  }
  return stem;
}

}  // namespace

ShardIndex parse_shard_index(std::string_view json, const std::string& source) {
  if (json.find('\0') != std::string_view::npos) throw error_in(source, "the index has a zero byte");
  IndexReader reader(source);
  Json::sax_parse(json.begin(), json.end(), &reader);
  return reader.take();
}

std::vector<std::filesystem::path> shard_files(const std::filesystem::path& index, std::span<const TensorEntry> entries,
                                               uint64_t shard_bytes) {
  const size_t count = split(entries, shard_bytes).size();
  std::vector<std::filesystem::path> files;
  for (size_t i = 0; i < count; ++i) {
    files.push_back(index.parent_path() / shard_name(stem_of(index), i + 1, count));
  }
  return files;
}

void write_shards(const std::filesystem::path& index, std::span<const TensorEntry> entries, const Metadata& metadata,
                  uint64_t shard_bytes, const BytesOf& bytes_of_entry) {
  const std::vector<std::vector<size_t>> shards = split(entries, shard_bytes);
  require_unique_names(entries, index.string());
  std::error_code ignored;  // if it cannot be removed, it cannot be replaced either, which is then said
  std::filesystem::remove(index, ignored);
  Json names = Json::object();
  uint64_t total = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = shard_name(stem_of(index), i + 1, shards.size());
    std::vector<TensorEntry> part;
    for (const size_t entry : shards[i]) {
      part.push_back(entries[entry]);
      names[entries[entry].name] = name;
      total += entries[entry].bytes;
    }
    BytesOf bytes;
    if (bytes_of_entry) bytes = [&](size_t place) { return bytes_of_entry(shards[i][place]); };
    write_safetensors(index.parent_path() / name, part, metadata, bytes);
  }
  const Json content = {{"metadata", {{"total_size", total}}}, {kMap, std::move(names)}};
  write_file_atomically(index, [&](std::ostream& out) { out << content.dump(2) << '\n'; });
}

}  // namespace pixnerd::checkpoint
