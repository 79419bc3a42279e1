#include "data/folder_captions.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/errors.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"
#include "data/metadata_rows.h"
#include "data/sample_text.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

// Pictures by their names, without a copy of these.
class Names {
 public:
  Names(int64_t size, const std::function<std::string(int64_t)>& name) : name_(name) {
    for (int64_t i = 0; i < size; ++i) hashes_.emplace_back(hash_of(name(i)), i);
    std::sort(hashes_.begin(), hashes_.end());
  }

  std::optional<int64_t> find(const std::string& wanted) const {
    const uint64_t hash = hash_of(wanted);
    auto place = std::lower_bound(hashes_.begin(), hashes_.end(), std::pair<uint64_t, int64_t>(hash, 0));
    for (; place != hashes_.end() && place->first == hash; ++place) {
      if (name_(place->second) == wanted) return place->second;
    }
    return std::nullopt;
  }

 private:
  const std::function<std::string(int64_t)>& name_;
  std::vector<std::pair<uint64_t, int64_t>> hashes_;
};

}  // namespace

MetadataCaptions::MetadataCaptions(const fs::path& root, const FolderScan& scan,
                                   const std::function<std::string(int64_t)>& name, Unused& unused) {
  if (scan.metadata.empty()) return;
  const Names names(static_cast<int64_t>(scan.pictures.size()), name);
  for (const std::string& file : scan.metadata) {
    const fs::path folder = fs::path(file).parent_path();
    const auto take = [&](const MetadataRow& row) {
      const auto picture = names.find((folder / row.file_name).lexically_normal().string());
      if (!picture) return unused.add(Why::no_picture_of_row, "", concat(file, ": ", row.file_name));
      for (const std::string& caption : row.captions) {
        places_.push_back({*picture, text_.size(), caption.size()});
        text_ += caption;
      }
    };
    const auto broken = [&](const std::string& problem) {
      unused.add(Why::unreadable_row, "", concat(file, ": ", problem));
    };
    read_metadata(root / file, take, broken);
  }
  std::stable_sort(places_.begin(), places_.end(),
                   [](const Place& a, const Place& b) { return a.picture < b.picture; });
}

void MetadataCaptions::add_to(int64_t picture, std::vector<Caption>& captions) const {
  auto place = std::lower_bound(places_.begin(), places_.end(), picture,
                                [](const Place& a, int64_t number) { return a.picture < number; });
  for (; place != places_.end() && place->picture == picture; ++place) {
    add_caption_once({"", text_.substr(place->offset, place->size)}, captions);
  }
}

void add_captions_beside(const fs::path& picture, bool has_txt, bool has_caption, std::vector<Caption>& captions) {
  SampleText text;
  for (const auto& [is_there, ending] : {std::pair(has_txt, ".txt"), std::pair(has_caption, ".caption")}) {
    if (!is_there) continue;
    fs::path file = picture;
    file.replace_extension(ending);
    try {
      add_caption(read_file(file, static_cast<size_t>(kMaxTextBytes)), text);
    } catch (const DataError& error) {
      throw DataError(concat("caption ", quoted(file), ": ", error.what()));
    }
  }
  for (Caption& caption : text.captions) add_caption_once(std::move(caption), captions);
}

}  // namespace pixnerd::data
