#include "sample/record.h"

#include <iterator>
#include <string_view>
#include <system_error>

#include "config/json.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "image/codec.h"

namespace pixnerd::sample {
namespace {

constexpr size_t kMostRecordBytes = size_t{256} << 20;  // of a manifest

PictureRecord parse_record(std::string_view line, const std::string& where) {
  try {
    PictureRecord record;
    config::read(config::parse_json(line, where), record);
    return record;
  } catch (const ConfigError& error) {
    throw DataError(error.what());
  }
}

}  // namespace

void PictureRecord::validate() const {
  if (!decoder.empty() && decoder != "plain" && decoder != "heavy")
    throw ConfigError("decoder is neither plain nor heavy");
  if (label.has_value() == prompt.has_value()) throw ConfigError("a picture has either a label or a prompt");
}

std::string recorded_name(const std::filesystem::path& path) {
  if (path.empty()) return "";
  std::error_code ignored;
  const std::filesystem::path whole = std::filesystem::absolute(path, ignored).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

std::string to_json(const PictureRecord& record) {
  config::Value value = config::member_value(record);
  std::erase_if(value.fields, [](const auto& field) {
    const auto& [key, member] = field;
    const bool is_name = key == "class_name" || key == "style_name";
    const bool is_rare = key == "variation" || key == "mixture" || key == "edit" || key == "step";
    const bool is_old = key == "threads" || key == "batch" || key == "place";  // of earlier versions
    return ((is_old || is_rare) && member.kind == config::Value::Kind::null) || (is_name && member.scalar.empty());
  });
  return config::to_json(value);
}

std::vector<PictureRecord> read_records(const std::filesystem::path& path) {
  const bool manifest = path.extension() == ".jsonl";
  const std::optional<std::string> text =
      manifest ? std::optional(read_file(path, kMostRecordBytes)) : image::read_png_text(path, kRecordKeyword);
  if (!text) {
    throw DataError(concat(quoted(path), " does not say how it was made: it has no text '", kRecordKeyword,
                           "', which pixnerd writes into every picture it draws"));
  }
  std::vector<PictureRecord> records;
  int64_t number = 0;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    const std::string_view line = std::string_view(*text).substr(begin, end - begin);
    ++number;
    if (!line.empty()) {
      if (std::ssize(records) == diffusion::kMostRecords) {
        throw DataError(concat(quoted(path), " has more than ", diffusion::kMostRecords,
                               " records of pictures; give a file with a part of them"));
      }
      records.push_back(parse_record(line, concat(path, ":", number)));
    }
    begin = end + 1;
  }
  if (records.empty()) throw DataError(concat(quoted(path), " has no record of a picture"));
  return records;
}

}  // namespace pixnerd::sample
