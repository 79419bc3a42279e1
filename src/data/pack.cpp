#include "data/pack.h"

#include <iomanip>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "config/json.h"
#include "core/counted.h"
#include "core/destination.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "core/uncommitted_file.h"
#include "data/pictures.h"
#include "data/prefetch.h"
#include "data/sample_text.h"
#include "data/tar_writer.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxShards = 99'999;  // so that names of one length sort by their numbers

std::string digits(int64_t number, int width) {
  std::ostringstream text;
  text << std::setw(width) << std::setfill('0') << number;
  return text.str();
}

std::string shard_name(int64_t number) {
  return digits(number, 5) + ".tar";
}

bool is_shard_name(const std::string& name) {
  return name.size() == 9 && name.ends_with(".tar") && name.find_first_not_of("0123456789") == 5;
}

// Shards among the pictures that they are made of would be taken for a part of these.
void require_outside(const fs::path& source, const fs::path& out) {
  if (!lies_in(out, source)) return;
  throw DataError(concat("the folder ", quoted(out), " lies in the folder that is packed; give another one"));
}

// The names of what is in the folder. DataError where that must not be overwritten.
std::vector<std::string> prepare(const fs::path& out, bool overwrite) {
  std::error_code error;
  fs::create_directories(out, error);
  const std::string shown = quoted(out);
  if (error) throw DataError(concat("cannot make the folder ", shown, ": ", error.message()));
  remove_abandoned_files(out);
  std::vector<std::string> names;
  for (fs::directory_iterator entry(out, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) throw DataError(concat("folder ", shown, " cannot be listed: ", error.message()));
  if (!names.empty() && !overwrite) {
    throw DataError(concat("the folder ", shown, " is not empty; give another one, or --overwrite"));
  }
  for (const std::string& name : names) {
    if (!name.ends_with(".tar") || name.starts_with('.') || is_shard_name(name)) continue;
    throw DataError(concat("the folder ", shown, " holds ", quoted(name),
                           ", which would become a part of the data set; give another folder"));
  }
  return names;
}

// What JSON has to say of names is checked before hours of work.
void check_names(const ImageFolder& folder) {
  for (const std::string& name : folder.classes()) check_name(name, "class folder");
  for (const std::string& name : folder.styles()) check_name(name, "style");
}

struct Sample {
  int64_t label;
  std::string key, extension, picture, json;
  image::Info info;
  bool has_caption = false;
  std::string problem;  // why it cannot be packed; "" if it can

  int64_t bytes() const { return TarWriter::entry_bytes(picture.size()) + TarWriter::entry_bytes(json.size()); }
};

// One caption as a text, several as a list.
config::Value value_of(const std::vector<Caption>& captions) {
  if (captions.size() == 1) return config::text_value(captions[0].text);
  config::Value list;
  list.kind = config::Value::Kind::list;
  for (const Caption& caption : captions) list.items.push_back(config::text_value(caption.text));
  return list;
}

std::string json_of(const ImageFolder& folder, int64_t index, const std::vector<Caption>& captions) {
  const int64_t label = folder.label(index), style = folder.style(index);
  config::Value map = config::map_value({{"class", config::text_value(folder.classes()[static_cast<size_t>(label)])},
                                         {"label", config::plain_value(concat(label))}});
  if (style >= 0) map.fields.emplace_back("style", config::text_value(folder.styles()[static_cast<size_t>(style)]));
  if (!captions.empty()) map.fields.emplace_back("caption", value_of(captions));
  return config::to_json(map);
}

std::string png_of(const image::Image& picture) {
  const std::vector<std::byte> bytes = image::encode_png(picture);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Reads and checks a picture. Its number is its key, which has no dots and sorts.
Sample read_sample(const ImageFolder& folder, int64_t index, int64_t crop) {
  const std::string name = folder.name(index);
  Sample sample{folder.label(index), digits(index, 9), "." + image::extension_of(name), {}, {}, {}, false, {}};
  try {
    const Picture picture = folder.open(index);
    sample.info = picture.info;
    if (crop > 0) {
      sample.extension = ".png";
      sample.picture = png_of(cropped(picture.image, Crop::adm, static_cast<int>(crop)));
    } else {
      sample.picture = read_file(folder.root() / name, image::DecodeLimits{}.max_file_bytes);
    }
    const std::vector<Caption> captions = folder.captions(index);
    sample.has_caption = !captions.empty();
    sample.json = json_of(folder, index, captions);
  } catch (const DataError& error) {
    sample.problem = error.what();
  }
  return sample;
}

class Packer {
 public:
  Packer(const ImageFolder& folder, const fs::path& out, const PackOptions& options, Progress& progress)
      : folder_(folder),
        out_(out),
        options_(options),
        progress_(progress),
        of_class_(folder.classes().size()),
        samples_(folder.size(), options.threads, 2 * options.threads,
                 [&folder, crop = options.crop](int64_t index) { return read_sample(folder, index, crop); }) {}

  PackSummary pack() {
    progress_.update(0, folder_.size(), "");
    for (advance(); next_; ++summary_.shards) {
      if (summary_.shards == kMaxShards) {
        throw DataError(concat("more than ", kMaxShards, " shards; give a larger --shard-megabytes"));
      }
      write_file_atomically(out_ / shard_name(summary_.shards), [this](std::ostream& out) { write_shard(out); });
    }
    if (summary_.pictures > 0) {
      warn_of_missing_classes();
      return summary_;
    }
    throw DataError(concat("data set ", quoted(folder_.root()), ": none of its ",
                           counted(folder_.size(), "picture", "pictures"),
                           " can be read; the warnings before this name each with its reason"));
  }

 private:
  // The next sample that is good.
  void advance() {
    next_.reset();
    while (!next_ && taken_ < folder_.size()) {
      Sample sample = samples_.next();
      progress_.update(++taken_, folder_.size(), "");
      if (sample.problem.empty()) {
        next_ = std::move(sample);
      } else {
        log_warning(concat("skipped a picture that cannot be read: ", sample.problem));
        ++summary_.broken;
      }
    }
  }

  void write_shard(std::ostream& out) {
    TarWriter tar(out);
    int64_t bytes = TarWriter::kEndBytes;
    while (next_ && (bytes == TarWriter::kEndBytes || bytes + next_->bytes() <= options_.shard_bytes)) {
      tar.add(next_->key + next_->extension, next_->picture);
      tar.add(next_->key + ".json", next_->json);
      bytes += next_->bytes();
      ++summary_.pictures;
      summary_.captioned += next_->has_caption ? 1 : 0;
      summary_.treatment.add(next_->info);
      ++of_class_[static_cast<size_t>(next_->label)];
      advance();
    }
    tar.finish();
    summary_.bytes += static_cast<uint64_t>(out.tellp());
  }

  // Their labels stay free, so that the other classes keep theirs.
  void warn_of_missing_classes() const {
    for (size_t label = 0; label < of_class_.size(); ++label) {
      if (of_class_[label] > 0) continue;
      log_warning(concat("no picture of class ", quoted(folder_.classes()[label]),
                         " can be read: the shards do not name it, and its label ", label, " stays free"));
    }
  }

  const ImageFolder& folder_;
  const fs::path& out_;
  const PackOptions& options_;
  Progress& progress_;
  std::optional<Sample> next_;
  int64_t taken_ = 0;
  std::vector<int64_t> of_class_;  // packed pictures by label
  PackSummary summary_;
  Prefetch<Sample> samples_;
};

// Of an earlier, longer set.
void remove_shards(const fs::path& out, const std::vector<std::string>& names, int64_t from) {
  for (const std::string& name : names) {
    if (!is_shard_name(name) || name < shard_name(from)) continue;
    std::error_code error;
    fs::remove(out / name, error);
    if (error) throw DataError(concat("cannot remove the old shard ", quoted(out / name), ": ", error.message()));
  }
}

}  // namespace

PackSummary pack(const ImageFolder& folder, const fs::path& out, const PackOptions& options, Progress& progress) {
  check_names(folder);
  require_outside(folder.root(), out);
  const OutputLock lock(out);
  const std::vector<std::string> before = prepare(out, options.overwrite);
  const PackSummary summary = Packer(folder, out, options, progress).pack();
  remove_shards(out, before, summary.shards);
  return summary;
}

}  // namespace pixnerd::data
