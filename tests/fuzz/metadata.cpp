// Rows of captions end in a DataError, or in names and in captions of UTF-8. The first byte says whether the rest is
// CSV.
#include "core/errors.h"
#include "core/file.h"
#include "core/utf8.h"
#include "data/metadata_rows.h"
#include "tests/core/temporary_folder.h"
#include "tests/fuzz/checks.h"

#include <fstream>

namespace {

using namespace pixnerd;
using fuzz::require;

void read(const std::filesystem::path& path) {
  const auto take = [](const data::MetadataRow& row) {
    require(!row.file_name.empty(), "a row has a name");
    for (const std::string& caption : row.captions) require(is_utf8(caption), "a caption is UTF-8");
  };
  data::read_metadata(path, take,
                      [](const std::string& problem) { require(!problem.empty(), "a problem is explained"); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static const TemporaryFolder folder;
  const std::filesystem::path path = folder / (data[0] == 'c' ? "rows.csv" : "rows.jsonl");
  std::ofstream(path, std::ios::binary) << fuzz::as_text(data, size).substr(1);
  fuzz::accepts<DataError>([&] { read(path); });
  return 0;
}
