// The rows of metadata.jsonl and metadata.csv, as Hugging Face's image folders have them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pixnerd::data {

struct MetadataRow {
  std::string file_name;
  std::vector<std::string> captions;  // UTF-8; of "text", or of "caption" where there is no "text"
};

// Calls `take` for each row that has a "file_name", and `broken` with the reason for each other one. Byte order marks
// count nothing. JSON by the file's ending .jsonl, else CSV with the names of the columns in the first row. DataError:
// the file cannot be read, or has a row of more than kMaxTextBytes (sample_text.h).
void read_metadata(const std::filesystem::path& path, const std::function<void(const MetadataRow&)>& take,
                   const std::function<void(const std::string&)>& broken);

}  // namespace pixnerd::data
