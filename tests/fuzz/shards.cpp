// Shards end in a DataError, or in samples whose files lie inside of the shard, and in a data set whose numbers of
// classes and styles are within its lists and whose names are unique. Pictures are not decoded: picture.cpp does that.
#include "data/shards.h"

#include <set>
#include <string>

#include "core/errors.h"
#include "core/log.h"
#include "data/sample_index.h"
#include "data/tar_file.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using fuzz::require;

void check_extent(const data::Extent& extent, const data::TarFile& file) {
  if (!extent.exists()) return;
  require(extent.offset >= 0 && extent.offset <= file.size(), "a file begins inside of its shard");
  require(extent.size <= file.size() - extent.offset, "a file ends inside of its shard");
}

void check_index(const data::TarFile& file) {
  const data::ShardIndex index = data::index_shard(file, "x.tar");
  require((index.broken == 0) == index.first_problem.empty(), "what is broken is explained");
  for (const data::IndexedSample& sample : index.samples) {
    require(sample.picture.exists(), "a sample has a picture");
    check_extent(sample.picture, file);
    check_extent(sample.json, file);
    check_extent(sample.txt, file);
  }
}

void check_set(const data::Shards& shards) {
  std::set<std::string> names;
  const auto styles = static_cast<int64_t>(shards.styles().size());
  require(shards.size() > 0, "a set is not empty");
  for (int64_t i = 0; i < shards.size(); ++i) {
    require(names.insert(shards.name(i)).second, "names are unique");
    require(shards.label(i) >= -1 && shards.label(i) < shards.num_classes(), "labels are within the classes");
    require(shards.style(i) >= -1 && shards.style(i) < styles, "styles are within their list");
    shards.captions(i);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  set_log_sink([](std::string_view) {});
  const fuzz::MemoryFile content(fuzz::as_text(data, size));
  fuzz::accepts<DataError>([&] { check_index(data::TarFile(content.path())); });
  data::DataConfig config;
  config.path = content.path();
  config.styles = true;
  fuzz::accepts<DataError>([&] { check_set(data::Shards(config)); });
  return 0;
}
