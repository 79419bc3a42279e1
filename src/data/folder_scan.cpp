#include "data/folder_scan.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "data/include.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 64;

bool is_hidden(std::string_view name) {
  return name.starts_with('.');
}

bool is_archive(const std::string& name) {
  static constexpr std::array<std::string_view, 10> kEndings = {".tar",     ".tgz", ".tar.gz", ".tar.zst", ".tar.xz",
                                                                ".tar.bz2", ".zip", ".7z",     ".rar",     ".parquet"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_metadata(std::string_view name) {
  return name == "metadata.jsonl" || name == "metadata.csv";
}

// What stands for a name in a list of kinds: its ending.
std::string kind_of(const std::string& name) {
  const std::string extension = image::extension_of(name);
  return extension.empty() ? "without an ending" : "." + extension;
}

// Of a hidden file: macOS hides a companion of every file on foreign disks.
std::string hidden_kind(const std::string& name) {
  return name.starts_with("._") ? "._* of macOS" : ".*";
}

struct Listing {
  std::vector<std::string> files, folders;  // sorted by their bytes, hidden ones among them
};

Listing list(const fs::path& folder) {
  Listing listing;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    // A link that leads nowhere counts as a file: reading it fails then, and that is reported instead of passed over.
    const fs::file_type type = entry->status(ignored).type();
    const bool is_file = type == fs::file_type::regular || type == fs::file_type::not_found;
    if (type == fs::file_type::directory) listing.folders.push_back(entry->path().filename().string());
    if (is_file) listing.files.push_back(entry->path().filename().string());
  }
  if (error) throw DataError(concat("folder ", quoted(folder), " cannot be listed: ", error.message()));
  std::sort(listing.files.begin(), listing.files.end());
  std::sort(listing.folders.begin(), listing.folders.end());
  return listing;
}

using FolderId = std::pair<dev_t, ino_t>;

FolderId id_of(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

// Calls visit(folder below root, "" for the root itself, its listing) for it and the folders in it, hidden ones aside;
// and again(folder) for links to folders that were visited, or in which the root lies.
class Walk {
 public:
  using Visit = std::function<bool(const std::string& below, const Listing& listing)>;
  using Again = std::function<void(const std::string& below)>;

  Walk(fs::path root, Visit visit, Again again)
      : root_(std::move(root)), visit_(std::move(visit)), again_(std::move(again)) {
    std::error_code error;
    for (const fs::path& path : {fs::absolute(root_, error), fs::canonical(root_, error)}) {
      for (fs::path above = path.parent_path(); !above.empty(); above = above.parent_path()) {
        seen_.insert(id_of(above));
        if (above == above.root_path()) break;
      }
    }
  }

  // Ends early where visit() gives false.
  bool go(const std::string& below = "", int depth = 0) {
    const fs::path here = below.empty() ? root_ : root_ / below;
    if (depth > kMaxDepth || !seen_.insert(id_of(here)).second) {
      again_(below);
      return true;
    }
    const Listing listing = list(here);
    if (!visit_(below, listing)) return false;
    for (const std::string& folder : listing.folders) {
      if (!is_hidden(folder) && !go(below.empty() ? folder : below + "/" + folder, depth + 1)) return false;
    }
    return true;
  }

 private:
  fs::path root_;
  Visit visit_;
  Again again_;
  std::set<FolderId> seen_;
};

class Scanner {
 public:
  Scanner(fs::path root, const DataConfig& config, Loose loose)
      : root_(std::move(root)), config_(config), loose_(loose) {}

  FolderScan scan() {
    const Listing top = list(root_);
    std::vector<std::string> names;
    for (const std::string& folder : top.folders) {
      if (!is_hidden(folder)) names.push_back(folder);
    }
    std::vector<std::string> without_pictures;
    for (std::string& name : included(std::move(names), config_, "class folder")) {
      if (!add_class(name)) without_pictures.push_back(std::move(name));
    }
    count_hidden_folders(top, "");
    add_top_files(top);
    if (!scan_.classes.empty()) {
      for (const std::string& name : without_pictures) scan_.unused.add(Why::empty_folder, name, name);
    }
    return std::move(scan_);
  }

 private:
  struct Files {
    std::string below;  // the class folder
    std::vector<FolderScan::Picture> pictures;
  };

  // Whether there is a picture in it. The order of torchvision: all folders sorted by their paths.
  bool add_class(const std::string& name) {
    const auto label = static_cast<int32_t>(scan_.classes.size());
    std::vector<Files> found;
    const auto visit = [&](const std::string& below, const Listing& listing) {
      found.push_back({below, take_files(listing, name, below, label)});
      count_hidden_folders(listing, join_path(name, below));
      return true;
    };
    Walk(root_ / name, visit, [&](const std::string& below) {
      scan_.unused.add(Why::read_already, "", join_path(name, below));
    }).go();
    std::sort(found.begin(), found.end(), [](const Files& a, const Files& b) { return a.below < b.below; });
    size_t count = 0;
    for (Files& files : found) {
      count += files.pictures.size();
      for (FolderScan::Picture& picture : files.pictures) scan_.pictures.push_back(std::move(picture));
    }
    if (count > 0) scan_.classes.push_back(name);
    return count > 0;
  }

  // The files of the root: pictures where it is flat, or they are wanted.
  void add_top_files(const Listing& top) {
    std::vector<FolderScan::Picture> loose = take_files(top, "", "", -1);
    const bool is_flat = scan_.classes.empty();
    for (FolderScan::Picture& picture : loose) {
      if (is_flat || loose_ == Loose::taken) {
        scan_.pictures.push_back(std::move(picture));
      } else {
        scan_.unused.add(Why::beside_folders, "", picture.file);
      }
    }
  }

  std::vector<FolderScan::Picture> take_files(const Listing& listing, const std::string& name, const std::string& below,
                                              int32_t label) {
    std::vector<FolderScan::Picture> pictures;
    std::vector<std::string> captions;
    const std::string folder = join_path(name, below);
    for (const std::string& file : listing.files) {
      const std::string extension = image::extension_of(file);
      if (is_hidden(file)) {
        if (image::is_picture_extension(extension)) {
          scan_.unused.add(Why::hidden, hidden_kind(file), join_path(folder, file));
        }
      } else if (image::is_picture_extension(extension)) {
        pictures.push_back({join_path(below, file), label, false, false});
      } else if (image::is_foreign_picture_extension(extension)) {
        scan_.unused.add(Why::foreign_format, "." + extension, join_path(folder, file));
      } else if (extension == "txt" || extension == "caption") {
        captions.push_back(file);
      } else if (is_metadata(file)) {
        scan_.metadata.push_back(join_path(folder, file));
      } else {
        scan_.unused.add(is_archive(file) ? Why::archive : Why::other_file, kind_of(file), join_path(folder, file));
      }
    }
    match(captions, pictures, folder);
    return pictures;
  }

  // Captions belong to the pictures with their stem.
  void match(const std::vector<std::string>& captions, std::vector<FolderScan::Picture>& pictures,
             const std::string& folder) {
    if (captions.empty()) return;
    std::vector<std::pair<std::string, size_t>> stems;
    for (size_t i = 0; i < pictures.size(); ++i) stems.emplace_back(fs::path(pictures[i].file).stem().string(), i);
    std::sort(stems.begin(), stems.end());
    for (const std::string& caption : captions) {
      const std::string stem = fs::path(caption).stem().string();
      auto place = std::lower_bound(stems.begin(), stems.end(), std::pair<std::string, size_t>(stem, 0));
      if (place == stems.end() || place->first != stem) {
        scan_.unused.add(Why::other_file, kind_of(caption), join_path(folder, caption));
      }
      for (; place != stems.end() && place->first == stem; ++place) {
        FolderScan::Picture& picture = pictures[place->second];
        (image::extension_of(caption) == "txt" ? picture.has_txt : picture.has_caption) = true;
      }
    }
  }

  void count_hidden_folders(const Listing& listing, const std::string& below) {
    for (const std::string& folder : listing.folders) {
      if (!is_hidden(folder)) continue;
      const auto visit = [&](const std::string& deeper, const Listing& inner) {
        for (const std::string& file : inner.files) {
          if (!image::has_image_extension(file)) continue;
          scan_.unused.add(Why::hidden, "in " + folder, join_path(join_path(join_path(below, folder), deeper), file));
        }
        return true;
      };
      try {
        Walk(root_ / below / folder, visit, [](const std::string&) {}).go();
      } catch (const DataError&) {
        // What is not used need not be readable.
      }
    }
  }

  static std::string join_path(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : name.empty() ? folder : folder + "/" + name;
  }

  fs::path root_;
  const DataConfig& config_;
  Loose loose_;
  FolderScan scan_;
};

}  // namespace

FolderScan scan_folder(const fs::path& root, const DataConfig& config, Loose loose) {
  return Scanner(root, config, loose).scan();
}

bool has_class_folders(const fs::path& root) {
  bool found = false;
  const auto visit = [&](const std::string& below, const Listing& listing) {
    if (below.empty()) return true;
    found = std::any_of(listing.files.begin(), listing.files.end(),
                        [](const std::string& file) { return !is_hidden(file) && image::has_image_extension(file); });
    return !found;
  };
  try {
    Walk(root, visit, [](const std::string&) {}).go();
  } catch (const DataError&) {
    return found;
  }
  return found;
}

}  // namespace pixnerd::data
