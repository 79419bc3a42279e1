#include "data/sample_index.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/counted.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "data/sample_draft.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

// What a path says of its entry.
struct EntryName {
  std::string key, extension;
  std::string base, compound;  // as Draft has them
};

bool makes_sample(const std::string& extension) {
  return image::is_picture_extension(extension) || is_sample_text(extension);
}

// The hidden part of a path; "" if there is none.
std::string hidden_part(const std::string& path) {
  for (const fs::path& part : fs::path(path)) {
    std::string name = part.string();
    if (name.starts_with('.') && name != "." && name != "..") return name;
  }
  return "";
}

// Nothing for an entry that belongs to no sample, such as "README", ".hidden" or "a/.png".
std::optional<EntryName> split(const std::string& path) {
  const size_t last_part = path.rfind('/') + 1;
  const size_t dot = path.find('.', last_part), last_dot = path.rfind('.');
  if (dot == std::string::npos || dot == last_part || dot + 1 == path.size()) return std::nullopt;
  EntryName name{path.substr(0, dot), ascii_lower(path.substr(dot + 1)), "", ""};
  if (last_dot == dot || makes_sample(name.extension)) return name;
  std::string last = ascii_lower(path.substr(last_dot + 1));
  if (!makes_sample(last)) return name;
  return EntryName{path.substr(0, last_dot), std::move(last), name.key, "." + name.extension};
}

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
    if (!damage.empty()) drop_unfinished();
    for (Draft& draft : drafts_) finish(draft);
    if (!damage.empty()) {
      note(concat(damage, "; the ",
                  counted(std::ssize(index_.samples), "sample before that is", "samples before that are"), " used"));
    }
    return std::move(index_);
  }

 private:
  void read_entries() {
    TarReader reader(file_);
    while (const auto entry = reader.next()) {
      const auto name = hidden_part(entry->path).empty() ? split(entry->path) : std::nullopt;
      if (!name || entry->kind == TarEntry::Kind::other) {
        pass_over(*entry);
        continue;
      }
      const auto content = content_of(*entry, *name);
      if (!content) continue;
      begin_run(*name, entry->part);
      Draft& draft = drafts_[run_];
      if (entry->is_cut) {
        draft.is_dropped = true;
        throw DataError(
            concat("shard ", quoted(file_.path()), " is cut: it ends inside of '", printable(entry->path), "'"));
      }
      if (!is_refused_) add(draft, *content, *name, entry->path);
    }
  }

  // Of what makes no sample; a picture among it is hidden.
  void pass_over(const TarEntry& entry) {
    if (entry.kind == TarEntry::Kind::other) return;
    const std::string hidden = hidden_part(entry.path);
    if (hidden.empty()) return index_.unused.add(Why::other_file, "without an ending", named(entry.path));
    if (!image::has_image_extension(entry.path)) return;
    const bool is_folder = !entry.path.ends_with(hidden);
    index_.unused.add(Why::hidden,
                      is_folder                  ? "in " + hidden
                      : hidden.starts_with("._") ? "._* of macOS"
                                                 : ".*",
                      named(entry.path));
  }

  // Where the content of an entry lies, which for a link is that of another one.
  std::optional<Extent> content_of(const TarEntry& entry, const EntryName& name) {
    if (entry.is_file()) return Extent{entry.offset, entry.size};
    if (entry.kind == TarEntry::Kind::sparse) {
      index_.unused.add(Why::sparse_entry, "", named(entry.path));
      return std::nullopt;
    }
    const bool is_soft = entry.kind == TarEntry::Kind::soft_link;
    const fs::path target = is_soft ? fs::path(entry.path).parent_path() / entry.target : fs::path(entry.target);
    for (const std::string& path : {entry.target, target.lexically_normal().string()}) {
      const auto there = split(path);
      const auto place = there ? runs_.find(there->key) : runs_.end();
      if (place == runs_.end() || makes_sample(name.extension) != makes_sample(there->extension)) continue;
      const Extent extent = drafts_[place->second].extent_of(there->extension);
      if (extent.exists()) return extent;
    }
    index_.unused.add(Why::link_entry, "", named(entry.path));
    return std::nullopt;
  }

  // Entries that follow each other under one key are a run.
  void begin_run(const EntryName& name, int64_t part) {
    if (!drafts_.empty() && run_key_ == name.key && drafts_[run_].part == part) return;
    run_key_ = name.key;
    is_refused_ = false;
    before_.reset();
    const auto [place, is_new] = runs_.emplace(name.key, drafts_.size());
    size_t& latest = place->second;
    if (is_new || drafts_[latest].part != part) {
      drafts_.emplace_back();
      drafts_.back().sample.key = is_new ? name.key : free_key(name.key, part);
      drafts_.back().part = part;
      drafts_.back().base = name.base;
      latest = drafts_.size() - 1;
    } else {
      before_ = drafts_[latest];
    }
    run_ = latest;
  }

  std::string free_key(const std::string& key, int64_t part) {
    std::string free = concat(key, "#", part + 1);
    while (!runs_.emplace(free, drafts_.size() - 1).second) free += "#";
    return free;
  }

  void add(Draft& draft, const Extent& content, const EntryName& name, const std::string& path) {
    const uint64_t bit = bits_.of(name.extension);
    if (before_ && (before_->extensions & bit) != 0) {
      // What this run had until here is another sample's.
      draft = *std::move(before_);
      before_.reset();
      is_refused_ = true;
      return skip(draft, "another sample of the shard has this key");
    }
    if (before_) merged_ = draft.extensions | bit;
    if (!name.compound.empty()) draft.compound = name.compound;
    if (!draft.add(file_, content, name.extension, bit)) {
      index_.unused.add(Why::more_of_sample, "." + name.extension, named(path));
    }
    if (makes_sample(name.extension)) return;
    const bool is_foreign = image::is_foreign_picture_extension(image::extension_of(path));
    const std::string kind = is_foreign ? image::extension_of(path) : name.extension;
    index_.unused.add(is_foreign ? Why::foreign_format : Why::other_file, "." + kind, named(path));
  }

  // Where the shard ends too early, what was begun may lack something that other samples have.
  void drop_unfinished() {
    for (size_t i = 0; i < drafts_.size(); ++i) {
      Draft& draft = drafts_[i];
      if (merged_ != 0) {
        draft.is_dropped |= (draft.extensions & merged_) != merged_;
      } else if (i == run_) {
        draft.is_dropped |= !seems_whole(i);
      }
    }
  }

  // By the sample before it.
  bool seems_whole(size_t number) const {
    const Draft& draft = drafts_[number];
    for (size_t i = number; i-- > 0;) {
      const Draft& before = drafts_[i];
      if (!before.problem.empty() || !before.sample.picture.exists() || before.base.empty() != draft.base.empty())
        continue;
      return (draft.extensions & before.extensions) == before.extensions;
    }
    return draft.sample.picture.exists() && draft.has_text;
  }

  // Whether it is more of a sample that has a picture of its own.
  bool belongs_to_another(const Draft& draft) const {
    if (draft.base.empty()) return false;
    const auto place = runs_.find(draft.base);
    return place != runs_.end() && drafts_[place->second].sample.picture.exists();
  }

  void finish(Draft& draft) {
    const bool has_picture = draft.sample.picture.exists();
    if (draft.is_dropped || (!has_picture && !draft.has_text && draft.problem.empty())) return;
    if (belongs_to_another(draft)) {
      if (has_picture) index_.unused.add(Why::more_of_sample, draft.compound, named(draft.sample.key));
      return;
    }
    if (!has_picture && !draft.base.empty()) return;
    if (!has_picture && draft.problem.empty()) draft.problem = "there is no picture with this text";
    if (!draft.problem.empty()) return skip(draft, draft.problem);
    index_.samples.push_back(std::move(draft.sample));
  }

  void skip(const Draft& draft, const std::string& problem) {
    note(concat("skipped sample ", quoted(named(draft.sample.key)), ": ", problem));
  }

  void note(const std::string& problem) {
    log_warning(problem);
    if (index_.broken++ == 0) index_.first_problem = problem;
  }

  std::string named(const std::string& path) const { return concat(shard_, "/", path); }

  const TarFile& file_;
  const std::string& shard_;
  ShardIndex index_;
  std::vector<Draft> drafts_;                     // in the order of their first entries
  std::unordered_map<std::string, size_t> runs_;  // the latest draft of a key
  ExtensionBits bits_;
  std::string run_key_;
  size_t run_ = 0;               // the draft whose entries come in
  std::optional<Draft> before_;  // that draft as it was before the run, if it was there
  bool is_refused_ = false;      // what is left of the run
  uint64_t merged_ = 0;          // extensions of the last sample that lay in several places; 0 if none did
};

}  // namespace

ShardIndex index_shard(const TarFile& file, const std::string& shard) {
  return Indexer(file, shard).index();
}

}  // namespace pixnerd::data
