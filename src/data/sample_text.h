// What the text files of a WebDataset sample say of its picture:
//
//   key.json   {"label": 3, "class": "cat", "style": "drawing", "caption": "a cat"}, every key optional
//   key.cls    a label, or the name of a class
//   key.txt    a caption
//
// A caption in JSON is a text, a list of texts, or {"en": ..., "de": ...} of either. A label may be written as a text
// or with zeros behind a point: "3", 3.0. Null and NaN are as good as absent; of other keys nothing is read, whatever
// stands there. Byte order marks count nothing, nor do captions that are empty or were there before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/picture_set.h"

namespace pixnerd::data {

struct SampleText {
  std::optional<int64_t> label;  // 0 ... kMaxLabel
  std::optional<std::string> class_name, style;
  std::vector<Caption> captions;
};

inline constexpr int64_t kMaxLabel = 10'000'000;
inline constexpr int64_t kMaxTextBytes = int64_t{1} << 20;
inline constexpr int64_t kMaxJsonBytes = int64_t{1} << 24;  // people keep more than captions in it

// Each adds what a file says. DataError, opening with the file's ending as in ".json: ...": malformed, over a limit, or
// another label, class or style than was there before.
void add_json(std::string_view json, SampleText& text);
void add_class(std::string_view cls, SampleText& text);
void add_caption(std::string_view txt, SampleText& text);

// One row of metadata.jsonl (metadata_rows.h). DataError: malformed, or without a "file_name".
struct MetadataRow;
MetadataRow metadata_row(std::string_view json);

// Unless it is empty, or the same text is there without a language or in this one.
void add_caption_once(Caption caption, std::vector<Caption>& captions);

// The text without a byte order mark at its beginning.
std::string_view without_mark(std::string_view text);

// Names of classes and styles are UTF-8 on one line, without control characters, at least 1 and at most 1000 bytes.
// DataError otherwise; `what` opens the message.
void check_name(std::string_view name, std::string_view what);

}  // namespace pixnerd::data
