#include "sample/npz_journal.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "config/json.h"
#include "config/schema.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "sample/mismatch.h"

namespace pixnerd::sample {
namespace {

constexpr size_t kMostJournalBytes = size_t{2} << 30;

// The first line.
struct Whole {
  int64_t pictures = 1, width = 1, height = 1;
  std::optional<PictureRecord> record;  // of the first picture; none: how they are made is not to be told

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("pictures", self.pictures, "of the whole", config::between(1, diffusion::kMostPictures));
    visit("width", self.width, "of a picture", config::at_least(1));
    visit("height", self.height, "of a picture", config::at_least(1));
    visit("record", self.record, "of the first picture");
  }
};

// Any other.
struct Line {
  int64_t picture = 0, checksum = 0;
  config::Value differs;  // the fields of its record that are not those of the first picture

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("picture", self.picture, "its number", config::at_least(0));
    visit("checksum", self.checksum, "of its bytes", config::between(0, 0xffffffff));
    visit("differs", self.differs, "of its record");
  }
};

struct Content {
  std::optional<Whole> whole;
  std::vector<Line> lines;
  uint64_t bytes = 0;  // of whole lines
};

template <class T>
T parsed(std::string_view line, const std::string& where) {
  try {
    T read;
    config::read(config::parse_json(line, where), read);
    return read;
  } catch (const ConfigError& error) {
    throw DataError(concat(error.what(), "; it is not what a stopped run leaves: move it away"));
  }
}

Content content_of(const std::filesystem::path& path) {
  const std::string text = read_file(path, kMostJournalBytes);
  Content content;
  int64_t number = 0;
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    const std::string where = concat(path, ":", ++number);
    if (!content.whole) {
      content.whole = parsed<Whole>(line, where);
    } else {
      content.lines.push_back(parsed<Line>(line, where));
      if (content.lines.back().picture >= content.whole->pictures) {
        throw DataError(concat(where, ": picture ", content.lines.back().picture, " is none of the ",
                               content.whole->pictures, "; it is not what a stopped run leaves: move it away"));
      }
    }
    content.bytes = end + 1;
  }
  return content;
}

// The fields of `record` that are not those of `first`.
config::Value difference_of(const PictureRecord& record, const PictureRecord& first) {
  config::Value value = config::member_value(record);
  const config::Value other = config::member_value(first);
  std::erase_if(value.fields, [&](const auto& field) {
    const config::Value* const same = other.find(field.first);
    return same != nullptr && *same == field.second;
  });
  return value;
}

PictureRecord with(const config::Value& first, const config::Value& differs) {
  config::Value value = first;
  for (auto& [key, field] : value.fields) {
    if (const config::Value* const other = differs.find(key)) field = *other;
  }
  PictureRecord record;
  config::read(value, record);
  return record;
}

}  // namespace

NpzJournal::NpzJournal(const std::filesystem::path& path)
    : path_(path), lock_(path, "wait for it, or give --out another name") {}

Checksums NpzJournal::read() const {
  const Content content = content_of(path_);
  if (!content.whole) return {};
  Checksums checksums(static_cast<size_t>(content.whole->pictures));
  for (const Line& line : content.lines) {
    checksums[static_cast<size_t>(line.picture)] = static_cast<uint32_t>(line.checksum);
  }
  return checksums;
}

std::string NpzJournal::mismatch(const OutputPlan& plan) const {
  const Content content = content_of(path_);
  if (!content.whole) return "";
  const Whole& whole = *content.whole;
  if (!whole.record) return "it does not say how its pictures were made";
  const config::Value first = config::member_value(*whole.record);
  const auto difference_at = [&](int64_t picture, const config::Value& differs) {
    try {
      return difference(with(first, differs), plan.record(picture));
    } catch (const ConfigError& error) {
      throw DataError(error.what());
    }
  };
  std::string found = difference_at(0, {});
  if (found.empty() && whole.pictures != plan.pictures) {
    found = concat("it is of ", whole.pictures, " pictures, not ", plan.pictures);
  }
  if (found.empty() && (whole.width != plan.width || whole.height != plan.height)) {
    found = concat("its size is ", whole.width, "x", whole.height, ", not ", plan.width, "x", plan.height);
  }
  for (size_t i = 0; found.empty() && i < content.lines.size(); ++i) {
    found = difference_at(content.lines[i].picture, content.lines[i].differs);
  }
  return found;
}

void NpzJournal::begin(const OutputPlan& plan) {
  std::filesystem::resize_file(path_, 0);
  plan_ = plan;
  Whole whole{plan.pictures, plan.width, plan.height, {}};
  if (plan.record) whole.record = plan.record(0);
  file_.emplace(path_);
  file_->append(config::to_json(config::member_value(whole)) + "\n");
}

void NpzJournal::go_on(const OutputPlan& plan) {
  std::filesystem::resize_file(path_, content_of(path_).bytes);
  plan_ = plan;
  file_.emplace(path_);
}

void NpzJournal::add(int64_t picture, uint32_t checksum) {
  Line line{picture, checksum, config::map_value({})};
  if (plan_.record) line.differs = difference_of(plan_.record(picture), plan_.record(0));
  file_->append(config::to_json(config::member_value(line)) + "\n");
}

void NpzJournal::remove() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace pixnerd::sample
