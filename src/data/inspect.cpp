#include "data/inspect.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/counted.h"
#include "core/errors.h"
#include "core/text.h"
#include "data/prefetch.h"
#include "data/shards.h"

namespace pixnerd::data {
namespace {

struct Look {
  std::pair<int, int> size;
  image::Info info;
  std::vector<std::string> languages;
  uint64_t bytes = 0;
  std::string problem;  // "" for a picture that can be read
};

uint64_t file_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

Look look_at(const PictureSet& pictures, int64_t index, bool are_files) {
  Look look;
  if (are_files) look.bytes = file_bytes(pictures.root() / pictures.name(index));
  try {
    const Picture picture = pictures.open(index);
    look.size = {picture.image.width, picture.image.height};
    look.info = picture.info;
    for (const Caption& caption : pictures.captions(index)) look.languages.push_back(caption.language);
  } catch (const DataError& error) {
    look.problem = error.what();
  }
  return look;
}

void count(int64_t number, std::vector<int64_t>& counts, int64_t& without) {
  ++(number < 0 ? without : counts.at(static_cast<size_t>(number)));
}

void add(const PictureSet& pictures, int64_t index, Look look, bool are_files, Inspection& all) {
  const std::string name = pictures.name(index);
  if (are_files && std::count(name.begin(), name.end(), '/') > 1 && all.nested++ == 0) all.first_nested = name;
  count(pictures.label(index), all.classes, all.unlabelled);
  count(pictures.style(index), all.styles, all.unstyled);
  all.bytes += look.bytes;
  if (!look.problem.empty()) {
    all.broken.push_back({name, std::move(look.problem)});
    return;
  }
  ++all.sizes[look.size];
  all.treatment.add(look.info);
  if (look.languages.empty()) ++all.uncaptioned;
  for (const std::string& language : look.languages) ++all.captions[language];
}

}  // namespace

Inspection inspect(const PictureSet& pictures, int64_t threads, Progress& progress) {
  Inspection all;
  all.pictures = pictures.size();
  all.classes.resize(static_cast<size_t>(pictures.num_classes()));
  all.styles.resize(pictures.styles().size());
  const auto* const shards = dynamic_cast<const Shards*>(&pictures);
  if (shards != nullptr) all.bytes = shards->bytes();

  Prefetch<Look> looks(pictures.size(), threads, 2 * threads,
                       [&](int64_t index) { return look_at(pictures, index, shards == nullptr); });
  progress.update(0, pictures.size(), "");
  for (int64_t i = 0; i < pictures.size(); ++i) {
    add(pictures, i, looks.next(), shards == nullptr, all);
    progress.update(i + 1, pictures.size(), all.broken.empty() ? "" : concat(all.broken.size(), " broken"));
  }
  if (static_cast<int64_t>(all.broken.size()) < all.pictures) return all;
  throw DataError(concat("data set ", quoted(pictures.root()), ": none of its ",
                         counted(all.pictures, "picture", "pictures"),
                         " can be read; the first: ", all.broken[0].reason));
}

}  // namespace pixnerd::data
