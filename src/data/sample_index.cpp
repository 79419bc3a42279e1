#include "data/sample_index.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"

namespace pixnerd::data {
namespace {

struct KeyAndExtension {
  std::string key, extension;
};

// Nothing for an entry that belongs to no sample, such as "README", ".hidden" or "a/.png".
std::optional<KeyAndExtension> split(const std::string& path) {
  const size_t last_part = path.rfind('/') + 1;
  const size_t dot = path.find('.', last_part);
  if (dot == std::string::npos || dot == last_part || dot + 1 == path.size()) return std::nullopt;
  return KeyAndExtension{path.substr(0, dot), ascii_lower(path.substr(dot + 1))};
}

bool is_picture(std::string_view extension) {
  static constexpr std::array<std::string_view, 4> kPictures = {"png", "jpg", "jpeg", "webp"};
  return std::find(kPictures.begin(), kPictures.end(), extension) != kPictures.end();
}

bool is_text(std::string_view extension) {
  return extension == "json" || extension == "cls" || extension == "txt";
}

// A sample as its entries come in.
class Run {
 public:
  explicit Run(std::string key) { sample_.key = std::move(key); }

  const std::string& key() const { return sample_.key; }

  void add(const TarFile& file, const TarEntry& entry, const std::string& extension) {
    if (!problem_.empty()) return;
    try {
      if (!extensions_.insert(extension).second) throw DataError(concat("two .", printable(extension), " files"));
      if (is_picture(extension)) add_picture({entry.offset, entry.size});
      if (is_text(extension)) add_text(file, entry, extension);
    } catch (const DataError& error) {
      problem_ = error.what();
    }
  }

  // Nothing at all of what makes a sample.
  bool is_foreign() const { return problem_.empty() && !sample_.picture.exists() && !has_text_; }

  // Why it must be left out; "" if it is good.
  std::string problem() const {
    if (!problem_.empty() || sample_.picture.exists()) return problem_;
    return "there is no picture (.png, .jpg, .jpeg or .webp) with this text";
  }

  // Where the shard ends too early: whether this run seems whole by the files of the sample before it, if any.
  bool seems_whole(const std::set<std::string>& expected) const {
    if (expected.empty()) return sample_.picture.exists() && has_text_;
    return std::includes(extensions_.begin(), extensions_.end(), expected.begin(), expected.end());
  }

  const std::set<std::string>& extensions() const { return extensions_; }
  IndexedSample take() { return std::move(sample_); }

 private:
  void add_picture(Extent picture) {
    if (sample_.picture.exists()) throw DataError("two pictures");
    sample_.picture = picture;
  }

  void add_text(const TarFile& file, const TarEntry& entry, const std::string& extension) {
    has_text_ = true;
    if (entry.size > kMaxTextBytes) {
      throw DataError(concat(".", extension, ": larger than ", kMaxTextBytes, " bytes"));
    }
    const std::string content = file.read(entry.offset, entry.size);
    if (extension == "json") {
      sample_.json = {entry.offset, entry.size};
      add_json(content, sample_.text);
    } else if (extension == "txt") {
      sample_.txt = {entry.offset, entry.size};
      add_caption(content, sample_.text);
    } else {
      add_class(content, sample_.text);
    }
  }

  IndexedSample sample_;
  std::set<std::string> extensions_;
  bool has_text_ = false;
  std::string problem_;
};

class Indexer {
 public:
  Indexer(const TarFile& file, const std::string& shard) : file_(file), shard_(shard) {}

  ShardIndex index() {
    std::string damage;
    try {
      read_entries();
    } catch (const NotTarError&) {
      throw;
    } catch (const DataError& error) {
      damage = error.what();
    }
    if (run_ && (damage.empty() || run_->seems_whole(expected_))) finish_run();
    if (!damage.empty()) note(concat(damage, "; the ", index_.samples.size(), " samples before that are used"));
    return std::move(index_);
  }

 private:
  void read_entries() {
    TarReader reader(file_);
    while (const auto entry = reader.next()) {
      if (!entry->is_file) continue;
      const auto parts = split(entry->path);
      if (!parts) continue;
      if (!run_ || run_->key() != parts->key) {
        finish_run();
        run_.emplace(parts->key);
      }
      if (entry->is_cut) {
        run_.reset();
        throw DataError(
            concat("shard ", quoted(file_.path()), " is cut: it ends inside of '", printable(entry->path), "'"));
      }
      run_->add(file_, *entry, parts->extension);
    }
  }

  void finish_run() {
    if (!run_ || run_->is_foreign()) return;
    std::string problem = run_->problem();
    if (!keys_.insert(run_->key()).second) problem = "another sample of the shard has this key";
    if (problem.empty()) {
      expected_ = run_->extensions();
      index_.samples.push_back(run_->take());
    } else {
      note(concat("skipped sample ", quoted(concat(shard_, "/", run_->key())), ": ", problem));
    }
  }

  void note(const std::string& problem) {
    log_warning(problem);
    if (index_.broken++ == 0) index_.first_problem = problem;
  }

  const TarFile& file_;
  const std::string& shard_;
  ShardIndex index_;
  std::optional<Run> run_;
  std::set<std::string> expected_;  // extensions of the last good sample
  std::unordered_set<std::string> keys_;
};

}  // namespace

ShardIndex index_shard(const TarFile& file, const std::string& shard) {
  return Indexer(file, shard).index();
}

}  // namespace pixnerd::data
