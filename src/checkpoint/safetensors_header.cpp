#include "checkpoint/safetensors_header.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "checkpoint/messages.h"

namespace pixnerd::checkpoint {
namespace {

using Json = nlohmann::json;

// Receives nlohmann's events. place_ says which part of the header they belong to; each event either moves it on or
// throws.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(const std::string& source) : source_(source) {}

  Header take() { return std::move(header_); }

  bool start_object(size_t) override {
    if (place_ == Place::start) {
      place_ = Place::file;
    } else if (place_ == Place::file && key_ == kMetadataKey) {
      if (metadata_seen_) fail(concat(kMetadataKey, " is there twice"));
      metadata_seen_ = true;
      place_ = Place::metadata;
    } else if (place_ == Place::file) {
      start_entry();
    } else {
      out_of_place("an object");
    }
    return true;
  }

  bool key(string_t& text) override {
    key_ = std::move(text);
    return true;
  }

  bool end_object() override {
    if (place_ == Place::entry) end_entry();
    place_ = Place::file;  // after the file's own object nothing follows but its end
    return true;
  }

  bool start_array(size_t) override {
    if (place_ == Place::entry && key_ == "shape") {
      once(has_shape_);
      place_ = Place::shape;
    } else if (place_ == Place::entry && key_ == "data_offsets") {
      once(has_offsets_);
      place_ = Place::offsets;
    } else {
      out_of_place("an array");
    }
    return true;
  }

  bool end_array() override {
    if (place_ == Place::offsets && offsets_.size() != 2) fail_entry("needs two data_offsets");
    place_ = Place::entry;
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::metadata) {
      if (!header_.metadata.emplace(key_, std::move(text)).second) {
        fail(concat("metadata ", quoted(key_), " is there twice"));
      }
    } else if (place_ == Place::entry && key_ == "dtype") {
      once(has_dtype_);
      const std::optional<DType> dtype = dtype_named(text);
      if (!dtype) fail_entry(concat("has the unknown dtype ", quoted(text)));
      entry_.dtype = *dtype;
    } else {
      out_of_place("text");
    }
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::shape && place_ != Place::offsets) out_of_place("a number");
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) fail_entry("has a number beyond 63 bits");
    if (place_ == Place::shape) {
      if (entry_.shape.size() == kMaxRank) fail_entry(concat("has more than ", kMaxRank, " sides"));
      entry_.shape.push_back(static_cast<int64_t>(value));
    } else {
      if (offsets_.size() == 2) fail_entry("needs two data_offsets");
      offsets_.push_back(value);
    }
    return true;
  }

  bool number_integer(number_integer_t) override { return out_of_place("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return out_of_place("no whole 63-bit number"); }
  bool null() override { return out_of_place("null"); }
  bool boolean(bool) override { return out_of_place("true or false"); }
  bool binary(binary_t&) override { return out_of_place("binary"); }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail(concat("the header is not valid JSON at its byte ", position));
  }

 private:
  enum class Place { start, file, entry, shape, offsets, metadata };

  [[noreturn]] void fail(std::string_view what) const { throw error_in(source_, what); }
  [[noreturn]] void fail_entry(std::string_view what) const { fail(concat(printable(entry_.name), " ", what)); }

  bool out_of_place(std::string_view what) const {
    switch (place_) {
      case Place::start:
        fail(concat("the header is ", what, ", not an object"));
      case Place::file:
        fail(concat(printable(key_), " is ", what, " in the header, not an object"));
      case Place::metadata:
        fail(concat("metadata ", quoted(key_), " is ", what, ", not text"));
      case Place::entry:
        fail_entry(concat("cannot have ", quoted(key_), " that is ", what));
      case Place::shape:
        fail_entry(concat("has a shape with ", what, " in it"));
      case Place::offsets:
        fail_entry(concat("has data_offsets with ", what, " in them"));
    }
    fail("the header is malformed");
  }

  void once(bool& seen) const {
    if (seen) fail_entry(concat("has ", quoted(key_), " twice"));
    seen = true;
  }

  void start_entry() {
    entry_ = {};
    entry_.name = std::move(key_);
    offsets_.clear();
    has_dtype_ = has_shape_ = has_offsets_ = false;
    place_ = Place::entry;
  }

  void end_entry() {
    if (!has_dtype_) fail_entry("has no dtype");
    if (!has_shape_) fail_entry("has no shape");
    if (!has_offsets_) fail_entry("has no data_offsets");
    entry_.begin = offsets_[0];
    entry_.end = offsets_[1];
    header_.entries.push_back(std::move(entry_));
  }

  const std::string& source_;
  Header header_;
  Place place_ = Place::start;
  std::string key_;
  HeaderEntry entry_;
  std::vector<uint64_t> offsets_;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false, metadata_seen_ = false;
};

std::string string_literal(const std::string& text, const std::string& source) {
  try {
    return Json(text).dump();
  } catch (const Json::exception&) {
    throw error_in(source, concat("the name or metadata ", quoted(text), " is not UTF-8"));
  }
}

}  // namespace

Header parse_header(std::string_view json, const std::string& source) {
  // nlohmann skips a byte order mark and takes a zero byte for the end of its input; the format allows neither.
  if (json.empty() || json.front() != '{') throw error_in(source, "the header is no JSON object");
  if (json.find('\0') != std::string_view::npos) throw error_in(source, "the header has a zero byte");
  HeaderReader reader(source);
  Json::sax_parse(json.begin(), json.end(), &reader);
  return reader.take();
}

std::string header_text(std::span<const HeaderEntry> entries, const Metadata& metadata, const std::string& source) {
  std::vector<std::string> members;
  if (!metadata.empty()) {
    std::vector<std::string> lines;
    for (const auto& [key, value] : metadata)
      lines.push_back(concat(string_literal(key, source), ":", string_literal(value, source)));
    members.push_back(concat("\"", kMetadataKey, "\":{", join(lines, ","), "}"));
  }
  for (const HeaderEntry& entry : entries) {
    std::vector<std::string> sides;
    for (const int64_t side : entry.shape) sides.push_back(std::to_string(side));
    members.push_back(concat(string_literal(entry.name, source), ":{\"dtype\":\"", name_of(entry.dtype),
                             "\",\"shape\":[", join(sides, ","), "],\"data_offsets\":[", entry.begin, ",", entry.end,
                             "]}"));
  }
  return concat("{", join(members, ","), "}");
}

void require_utf8(const std::string& text, const std::string& source) {
  string_literal(text, source);
}

}  // namespace pixnerd::checkpoint
