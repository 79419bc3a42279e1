#include "sample/npz_output.h"

#include <algorithm>
#include <span>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "checkpoint/zip_writer.h"
#include "core/errors.h"
#include "core/growing_file.h"
#include "core/log.h"
#include "core/text.h"
#include "core/uncommitted_file.h"
#include "sample/npz_journal.h"

namespace pixnerd::sample {
namespace {

namespace fs = std::filesystem;

// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0; shape is in Python's words.
std::string npy_header(const char* type, const std::string& shape) {
  constexpr size_t kPreamble = 10, kAlignment = 64;
  std::string text = concat("{'descr': '", type, "', 'fortran_order': False, 'shape': ", shape, ", }");
  text.resize((kPreamble + text.size() + kAlignment) / kAlignment * kAlignment - kPreamble, ' ');
  text.back() = '\n';
  const std::string magic("\x93NUMPY\1\0", 8);
  return magic + static_cast<char>(text.size() & 0xff) + static_cast<char>(text.size() >> 8) + text;
}

uint64_t picture_bytes(const OutputPlan& plan) {
  return static_cast<uint64_t>(plan.width) * static_cast<uint64_t>(plan.height) * 3;
}

uint64_t pixel_bytes(const OutputPlan& plan) {
  return static_cast<uint64_t>(plan.pictures) * picture_bytes(plan);
}

// What stands before the pixels in the file, and what after them.
struct Frame {
  std::string before, after;
};

Frame frame_of(const OutputPlan& plan, uint32_t checksum_of_pixels) {
  std::ostringstream out;
  checkpoint::ZipWriter zip(out);
  const std::string shape = concat("(", plan.pictures, ", ", plan.height, ", ", plan.width, ", 3)");
  zip.add_around("arr_0.npy", npy_header("|u1", shape), pixel_bytes(plan), checksum_of_pixels);
  const size_t begin = out.str().size();
  if (!plan.classes.empty()) {
    const std::span<const char> labels(reinterpret_cast<const char*>(plan.classes.data()),
                                       plan.classes.size() * sizeof(int64_t));
    zip.add("arr_1.npy",
            npy_header("<i8", concat("(", plan.classes.size(), ",)")) + std::string(labels.begin(), labels.end()));
  }
  zip.finish();
  const std::string all = out.str();
  return {all.substr(0, begin), all.substr(begin)};
}

// Behind a symbolic link.
fs::path target_of(const fs::path& path) {
  std::error_code error;
  return fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : path;
}

fs::path beside(const fs::path& target, const char* ending) {
  fs::path path = target;
  path += ending;
  return path;
}

// Whether there is a file; anything else is in the way.
bool is_file(const fs::path& path) {
  const fs::file_type type = type_at(path);
  if (type != fs::file_type::not_found && type != fs::file_type::regular) {
    throw RequestError(concat(quoted(path), " is in the way: it is no file"));
  }
  return type == fs::file_type::regular;
}

// The names, and what an earlier run left under them.
class Unfinished {
 public:
  Unfinished(const fs::path& target, const OutputPlan& plan)
      : pixels(beside(target, ".unfinished")), lines(beside(target, ".unfinished.jsonl")) {
    for (const fs::path& each : {pixels, lines}) require_not_read(each, plan.inputs);
    has_pixels = is_file(pixels) && fs::file_size(pixels) > 0;
    if (has_pixels && !is_file(lines) && !plan.overwrite) {
      throw RequestError(concat(quoted(pixels), " is in the way, without the ", quoted(lines.filename()),
                                " that a stopped run leaves beside it; move it away, or --overwrite"));
    }
  }

  fs::path pixels, lines;
  bool has_pixels;
};

// Before Destination says so in words that are for a file that is to be replaced.
const fs::path& checked(const fs::path& path, const OutputPlan& plan) {
  std::error_code error;
  if (!plan.resume || !fs::exists(path, error)) return path;
  const fs::path unfinished = beside(target_of(path), ".unfinished");
  throw RequestError(fs::exists(unfinished, error)
                         ? concat(quoted(path), " is there already; move it away to go on with ", quoted(unfinished))
                         : concat(quoted(path),
                                  " is there already, whole; give another name, or --overwrite instead "
                                  "of --resume"));
}

class NpzOutput : public PictureOutput {
 public:
  NpzOutput(const fs::path& path, const OutputPlan& plan)
      : plan_(plan),
        destination_(checked(path, plan), plan.overwrite, plan.inputs),
        target_(target_of(path)),
        names_(target_, plan),
        journal_(names_.lines),
        before_(frame_of(plan, 0).before.size()) {
    written_.path = path;
    written_.replaced = destination_.replaces() ? 1 : 0;
    remove_abandoned_files(target_.has_parent_path() ? target_.parent_path() : fs::path("."));
    look_at_what_is_left();
    if (written_.kept > 0) {
      require_space(path, pixel_bytes(plan_) - static_cast<uint64_t>(written_.kept) * picture_bytes(plan_));
      journal_.go_on(plan_);
    } else {
      begin_anew();
    }
  }

  NpzOutput(const NpzOutput&) = delete;
  NpzOutput& operator=(const NpzOutput&) = delete;

  ~NpzOutput() override {
    if (is_finished_ || (plan_.record && written_.kept + written_.pictures > 0)) return;
    remove_pixels();
    journal_.remove();
  }

  std::vector<bool> is_there() const override {
    if (!plan_.resume) return {};
    std::vector<bool> there;
    for (const auto& checksum : checksums_) there.push_back(checksum.has_value());
    return there;
  }

  void put(int64_t index, image::Image picture) override {
    const auto bytes = std::as_bytes(std::span(picture.rgb));
    file_->write(place_of(index), bytes);
    const uint32_t checksum = checkpoint::checksum_of(bytes);
    journal_.add(index, checksum);
    checksums_[static_cast<size_t>(index)] = checksum;
    ++written_.pictures;
  }

  Written finish() override {
    uint32_t checksum = checkpoint::checksum_of({});
    for (const auto& each : checksums_) {
      checksum = checkpoint::joined_checksum(checksum, each.value(), picture_bytes(plan_));
    }
    const Frame frame = frame_of(plan_, checksum);
    const uint64_t after = place_of(plan_.pictures);
    file_->write(0, std::as_bytes(std::span(frame.before)));
    file_->write(after, std::as_bytes(std::span(frame.after)));
    file_->commit(target_, after + frame.after.size());
    is_finished_ = true;
    journal_.remove();
    written_.pictures += written_.kept;
    return written_;
  }

 private:
  uint64_t place_of(int64_t picture) const { return before_ + static_cast<uint64_t>(picture) * picture_bytes(plan_); }

  void look_at_what_is_left() {
    if (!names_.has_pixels) return;
    const Checksums left = read_lines();
    const auto pictures = left.size() - static_cast<size_t>(std::count(left.begin(), left.end(), std::nullopt));
    if (pictures == 0) return;
    const std::string what =
        concat(quoted(names_.pixels), ", ", pictures, " of ", left.size(), " pictures of a run that was stopped");
    if (plan_.overwrite) return log_info(concat("begun anew: ", what, ", is dropped"));
    if (!plan_.resume) {
      throw RequestError(concat("there is ", what, "; --resume goes on with it, --overwrite begins anew"));
    }
    if (const std::string why = journal_.mismatch(plan_); !why.empty()) {
      throw RequestError(concat(quoted(names_.pixels), " is there already and was made otherwise: ", why,
                                "; give --out another name, or --overwrite instead of --resume"));
    }
    keep_whole_ones(left);
  }

  // With --overwrite anything may lie there.
  Checksums read_lines() const {
    try {
      return journal_.read();
    } catch (const DataError&) {
      if (!plan_.overwrite) throw;
      return {};
    }
  }

  // A picture may have a line and yet not all its bytes where the machine itself has failed.
  void keep_whole_ones(const Checksums& left) {
    checksums_.resize(left.size());
    file_.emplace(names_.pixels);
    std::vector<std::byte> bytes(picture_bytes(plan_));
    for (size_t i = 0; i < left.size(); ++i) {
      if (!left[i] || !file_->read(place_of(static_cast<int64_t>(i)), bytes)) continue;
      if (checkpoint::checksum_of(bytes) != *left[i]) continue;
      checksums_[i] = left[i];
      ++written_.kept;
    }
  }

  void begin_anew() {
    file_.reset();
    remove_pixels();
    try {
      require_space(written_.path, pixel_bytes(plan_));
      journal_.begin(plan_);
      checksums_.assign(static_cast<size_t>(plan_.pictures), std::nullopt);
      file_.emplace(names_.pixels);
    } catch (...) {
      journal_.remove();
      throw;
    }
  }

  void remove_pixels() const {
    std::error_code ignored;
    fs::remove(names_.pixels, ignored);
  }

  OutputPlan plan_;
  Destination destination_;
  fs::path target_;
  Unfinished names_;
  NpzJournal journal_;
  uint64_t before_;  // the pixels
  Checksums checksums_;
  std::optional<GrowingFile> file_;
  Written written_;
  bool is_finished_ = false;
};

}  // namespace

std::unique_ptr<PictureOutput> open_npz(const fs::path& path, const OutputPlan& plan) {
  return std::make_unique<NpzOutput>(path, plan);
}

}  // namespace pixnerd::sample
