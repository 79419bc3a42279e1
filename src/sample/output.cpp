#include "sample/output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>
#include <system_error>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "core/uncommitted_file.h"
#include "image/codec.h"
#include "image/grid.h"
#include "sample/manifest.h"
#include "sample/npz_output.h"

namespace pixnerd::sample {
namespace {

namespace fs = std::filesystem;

constexpr int kPadding = 2;            // pixels between the pictures of a grid
constexpr int kLabelledPadding = 8;    // the same where there are labels
constexpr int64_t kWidestRow = 16;     // a class of more pictures is broken into rows
constexpr int64_t kTallestAspect = 4;  // rows for each column, one class a row

fs::file_status status_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::none)
    throw DataError(concat("cannot look at ", quoted(path), ": ", error.message()));
  return status;
}

void require_writable(const fs::path& folder) {
  if (access(folder.c_str(), W_OK | X_OK) == 0) return;
  throw DataError(concat("cannot write into ", quoted(folder), ": ", std::strerror(errno)));
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw DataError(concat("cannot make the folder ", quoted(folder), ": ", error.message()));
  require_writable(folder);
}

class GridOutput : public PictureOutput {
 public:
  GridOutput(fs::path path, const OutputPlan& plan) : path_(std::move(path)), plan_(plan) {
    require_possible();
    replaces_ = prepare_file(path_);
  }

  void put(int64_t, image::Image picture) override { pictures_.push_back(std::move(picture)); }

  Written finish() override {
    image::write_png(path_, sheet(), texts());
    return {path_, static_cast<int64_t>(pictures_.size()), replaces_ ? 1 : 0, 0, plan_.columns};
  }

 private:
  // A picture alone stays as it is.
  image::Image sheet() const {
    const auto columns = static_cast<int>(plan_.columns);
    if (!plan_.labels.empty()) {
      return image::make_labelled_grid(pictures_, plan_.labels, columns, kLabelledPadding);
    }
    return pictures_.size() == 1 ? pictures_.front() : image::make_grid(pictures_, columns, padding());
  }

  int padding() const { return static_cast<int>(plan_.padding.value_or(kPadding)); }

  // The records of all pictures, one a line.
  std::vector<image::PngText> texts() const {
    if (!plan_.record) return {};
    std::string lines;
    for (int64_t i = 0; i < plan_.pictures; ++i) lines += concat(i > 0 ? "\n" : "", to_json(plan_.record(i)));
    return {{kRecordKeyword, lines}};
  }

  void require_possible() const {
    // Without the labels first: those of too many pictures are not worth laying out.
    require_room({}, padding());
    if (!plan_.labels.empty()) require_room(plan_.labels, kLabelledPadding);
  }

  void require_room(const std::vector<image::Label>& labels, int padding) const {
    const image::GridSize size =
        image::grid_size(plan_.pictures, plan_.width, plan_.height, labels, plan_.columns, padding);
    if (static_cast<double>(size.width) * static_cast<double>(size.height) <= image::kMaxPixels) return;
    throw RequestError(concat("a grid of ", plan_.pictures, " pictures of ", plan_.width, "x", plan_.height,
                              " pixels is too large for one file; give --out a folder, or ask for fewer"));
  }

  fs::path path_;
  OutputPlan plan_;
  bool replaces_ = false;
  std::vector<image::Image> pictures_;
};

// Whether it is the picture_name() of one of them.
bool is_picture_name(const std::string& name, int64_t pictures) {
  int64_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  return error == std::errc{} && index >= 0 && index < pictures && name == picture_name(index, pictures);
}

// The names that a plan has of its own.
std::set<std::string> checked_names(const OutputPlan& plan) {
  std::set<std::string> names;
  for (const std::string& name : plan.names) {
    const bool is_plain = fs::path(name).filename() == name && is_grid(name) && name.find('\0') == std::string::npos;
    if (is_plain && names.insert(name).second) continue;
    throw RequestError(concat(quoted(name), " cannot name a picture in a folder: each needs a name of its own, ",
                              "without folders, that ends in .png"));
  }
  return names;
}

class FolderOutput : public PictureOutput {
 public:
  FolderOutput(const fs::path& folder, const OutputPlan& plan) : plan_(plan) {
    const std::set<std::string> names = checked_names(plan);
    written_.path = folder;
    const fs::file_type type = status_of(written_.path).type();
    if (type == fs::file_type::not_found) {
      make_folder(written_.path);
      open_manifest(names);
      return;
    }
    if (type != fs::file_type::directory) {
      throw RequestError(concat(quoted(written_.path), " is a file, not a folder; give --out a folder, or a path that ",
                                "ends in .png for one grid or in .npz for arrays"));
    }
    remove_abandoned_files(written_.path);
    for (const fs::directory_entry& entry : listing(written_.path)) existing_.insert(entry.path().filename().string());
    if (!existing_.empty() && !plan.overwrite) {
      throw RequestError(
          concat("the folder ", quoted(written_.path), " is not empty; give another one, or --overwrite"));
    }
    for (int64_t i = 0; i < plan.pictures; ++i) check_place(name_of(i));
    require_writable(written_.path);
    open_manifest(names);
  }

  void put(int64_t index, image::Image picture) override {
    const std::string name = name_of(index);
    if (manifest_) {
      PictureRecord record = plan_.record(index);
      image::write_png(written_.path / name, picture, {{kRecordKeyword, to_json(record)}});
      record.file = name;
      manifest_->add(record);
    } else {
      image::write_png(written_.path / name, picture);
    }
    ++written_.pictures;
    if (existing_.erase(name) > 0) ++written_.replaced;
  }

  Written finish() override {
    existing_.erase(Manifest::kName);
    written_.others = static_cast<int64_t>(existing_.size());
    return written_;
  }

 private:
  static std::vector<fs::directory_entry> listing(const fs::path& folder) {
    try {
      return {fs::directory_iterator(folder), fs::directory_iterator()};
    } catch (const fs::filesystem_error& error) {
      throw DataError(concat("cannot list the folder ", quoted(folder), ": ", error.code().message()));
    }
  }

  std::string name_of(int64_t index) const {
    return plan_.names.empty() ? picture_name(index, plan_.pictures) : plan_.names[static_cast<size_t>(index)];
  }

  void open_manifest(const std::set<std::string>& names) {
    if (!plan_.record) return;
    manifest_.emplace(written_.path, [names, pictures = plan_.pictures](const std::string& name) {
      return names.empty() ? is_picture_name(name, pictures) : names.contains(name);
    });
  }

  void check_place(const std::string& name) const {
    if (existing_.contains(name) && status_of(written_.path / name).type() != fs::file_type::regular) {
      throw RequestError(concat(quoted(written_.path / name), " is in the way: it is no file"));
    }
  }

  OutputPlan plan_;
  Written written_;
  std::optional<Manifest> manifest_;
  std::set<std::string> existing_;  // less those replaced so far
};

}  // namespace

bool prepare_file(const fs::path& path) {
  const fs::path parent = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  make_folder(parent);
  const fs::file_type type = status_of(path).type();
  if (type == fs::file_type::not_found) return false;
  if (type == fs::file_type::regular) return true;
  throw RequestError(
      concat(quoted(path), " is in the way: it is ", type == fs::file_type::directory ? "a folder" : "no file"));
}

bool is_grid(const fs::path& path) {
  return ascii_lower(path.extension().string()) == ".png";
}

bool is_npz(const fs::path& path) {
  return ascii_lower(path.extension().string()) == ".npz";
}

std::unique_ptr<PictureOutput> open_output(const fs::path& path, const OutputPlan& plan) {
  if (path.empty()) throw RequestError("the path of the output is empty");
  if (is_grid(path)) return std::make_unique<GridOutput>(path, plan);
  if (image::has_image_extension(path)) {
    throw RequestError(concat("pictures are written as PNG; let ", quoted(path), " end in .png, or name a folder"));
  }
  if (!plan.labels.empty()) throw RequestError(concat("only a grid has labels; let ", quoted(path), " end in .png"));
  if (is_npz(path)) return open_npz(path, plan);
  return std::make_unique<FolderOutput>(path, plan);
}

int64_t grid_columns(int64_t classes, int64_t count) {
  if (classes > 1 && 1 < count && count <= kWidestRow && classes <= kTallestAspect * count) return count;
  const auto side = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(classes * count))));
  return count <= side ? (side + count - 1) / count * count : side;
}

std::string picture_name(int64_t index, int64_t pictures) {
  constexpr size_t kDigits = 5;
  const std::string number = concat(index);
  const size_t digits = std::max(kDigits, concat(pictures - 1).size());
  return std::string(digits - number.size(), '0') + number + ".png";
}

}  // namespace pixnerd::sample
