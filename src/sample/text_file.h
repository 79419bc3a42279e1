// Files of text that people write: prompts and what suites are made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::sample {

// The text without a byte order mark in front.
std::string_view without_mark(std::string_view text);

// A whole file in UTF-8, less its byte order mark, of 64 MiB at most. DataError: it cannot be read, or is something
// else, which is named with its line: UTF-16 and UTF-32 with a mark, UTF-16 without one where no other text looks like
// it, other encodings. How to convert the file is said, too.
std::string read_text(const std::filesystem::path& path);

struct TextLine {
  std::string_view text;  // without its end, and without a byte order mark, which files that were joined have there
  int64_t number;         // from 1
};

// The lines that are not blank, whether they end as on Unix, on Windows or on old Macs.
std::vector<TextLine> lines_of(std::string_view text);

}  // namespace pixnerd::sample
