#include "sample/folder_output.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "core/uncommitted_file.h"
#include "image/codec.h"
#include "sample/manifest.h"
#include "sample/mismatch.h"

namespace pixnerd::sample {
namespace {

namespace fs = std::filesystem;

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
    const bool is_plain = fs::path(name).filename() == name && fs::path(name).extension() == ".png" &&
                          name.find('\0') == std::string::npos;
    if (is_plain && names.insert(name).second) continue;
    throw RequestError(concat(quoted(name), " cannot name a picture in a folder: each needs a name of its own, ",
                              "without folders, that ends in .png"));
  }
  return names;
}

class FolderOutput : public PictureOutput {
 public:
  FolderOutput(const fs::path& folder, const OutputPlan& plan, const std::set<std::string>& names)
      : plan_(plan), lock_(folder) {
    written_.path = folder;
    remove_abandoned_files(folder);
    for (const fs::directory_entry& entry : listing(folder)) {
      if (!is_uncommitted(entry.path())) existing_.insert(entry.path().filename().string());
    }
    check_places();
    if (plan.resume) find_kept();
    if (!existing_.empty() && !plan.overwrite && written_.kept == 0) {
      throw RequestError(concat("the folder ", quoted(folder), " is not empty",
                                plan.resume ? " and has no picture of these; give another one"
                                            : "; give another one, or --resume to go on where a run was stopped",
                                ", or --overwrite"));
    }
    open_manifest(names);
  }

  std::vector<bool> is_there() const override { return is_there_; }

  void put(int64_t index, image::Image picture) override {
    const std::string name = name_of(index);
    if (plan_.record) {
      PictureRecord record = plan_.record(index);
      image::write_png(written_.path / name, picture, {{kRecordKeyword, to_json(record)}});
      record.file = name;
      manifest_->add(record);
    } else {
      if (manifest_) manifest_->drop_replaced();
      image::write_png(written_.path / name, picture);
    }
    ++written_.pictures;
    if (existing_.erase(name) > 0) ++written_.replaced;
  }

  Written finish() override {
    complete_manifest();
    existing_.erase(Manifest::kName);
    written_.pictures += written_.kept;
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

  std::set<std::string> kept_names() const {
    std::set<std::string> names;
    for (size_t i = 0; i < is_there_.size(); ++i) {
      if (is_there_[i]) names.insert(name_of(static_cast<int64_t>(i)));
    }
    return names;
  }

  void open_manifest(const std::set<std::string>& names) {
    try {
      manifest_.emplace(
          written_.path, [names, pictures = plan_.pictures, kept = kept_names()](const std::string& name) {
            return !kept.contains(name) && (names.empty() ? is_picture_name(name, pictures) : names.contains(name));
          });
    } catch (const DataError&) {
      if (plan_.record) throw;  // else it is left as it is: none of its lines is of a picture
    }
  }

  void find_kept() {
    is_there_.resize(static_cast<size_t>(plan_.pictures));
    for (int64_t i = 0; i < plan_.pictures; ++i) {
      const std::string name = name_of(i);
      if (!existing_.contains(name)) continue;
      if (const std::string why = mismatch(written_.path / name, {plan_.record(i)}); !why.empty()) {
        throw RequestError(concat(quoted(written_.path / name), " is there already and was made otherwise: ", why,
                                  "; give --out another folder, or --overwrite instead of --resume"));
      }
      is_there_[static_cast<size_t>(i)] = true;
      existing_.erase(name);
      ++written_.kept;
    }
  }

  // A run that is killed may do so between a picture and its line.
  void complete_manifest() {
    if (written_.kept == 0) return;
    const std::set<std::string> listed = manifest_->names();
    for (int64_t i = 0; i < plan_.pictures; ++i) {
      PictureRecord record = plan_.record(i);
      record.file = name_of(i);
      if (!listed.contains(record.file)) manifest_->add(record);
    }
  }

  void check_places() const {
    require_not_read(written_.path, plan_.inputs);
    require_not_read(written_.path / Manifest::kName, plan_.inputs);
    for (int64_t i = 0; !existing_.empty() && i < plan_.pictures; ++i) {
      const std::string name = name_of(i);
      if (!existing_.contains(name)) continue;
      const fs::path path = written_.path / name;
      if (type_at(path) != fs::file_type::regular) {
        throw RequestError(concat(quoted(path), " is in the way: it is no file"));
      }
      require_not_read(path, plan_.inputs);
    }
  }

  OutputPlan plan_;
  OutputLock lock_;
  Written written_;
  std::optional<Manifest> manifest_;
  std::set<std::string> existing_;  // less those that are kept or were replaced so far
  std::vector<bool> is_there_;
};

}  // namespace

std::unique_ptr<PictureOutput> open_folder(const fs::path& folder, const OutputPlan& plan) {
  const std::set<std::string> names = checked_names(plan);
  const fs::file_type type = type_at(folder);
  if (type != fs::file_type::not_found && type != fs::file_type::directory) {
    throw RequestError(concat(quoted(folder), " is a file, not a folder; give --out a folder, or a path that ends in ",
                              ".png for one grid or in .npz for arrays"));
  }
  prepare_folder(folder);
  return std::make_unique<FolderOutput>(folder, plan, names);
}

std::string picture_name(int64_t index, int64_t pictures) {
  constexpr size_t kDigits = 5;
  const std::string number = concat(index);
  const size_t digits = std::max(kDigits, concat(pictures - 1).size());
  return std::string(digits - number.size(), '0') + number + ".png";
}

}  // namespace pixnerd::sample
