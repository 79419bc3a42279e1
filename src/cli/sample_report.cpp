#include "cli/sample_report.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/words.h"
#include "config/json.h"
#include "config/writer.h"
#include "core/log.h"
#include "core/text.h"
#include "engine/memory.h"
#include "sample/folder_output.h"
#include "sample/output.h"

namespace pixnerd::cli {
namespace {

std::string plural(int64_t count, const std::string& word) {
  return concat(count, " ", word, count == 1 ? "" : "s");
}

// "seed 7", "seeds 7 to 9", "seeds from 3 to 80" of seeds with gaps between.
std::string seeds(const SamplePlan& plan) {
  std::vector<uint64_t> all;
  for (const sample::PictureRequest& picture : plan.pictures) all.push_back(picture.seed);
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  if (*least == *most) return concat("seed ", *least);
  return concat("seeds ", *most - *least + 1 == all.size() ? "" : "from ", *least, " to ", *most);
}

using config::Value;

Value number(int64_t value) {
  return config::plain_value(concat(value));
}

const char* kind_of(const sample::Written& written) {
  switch (sample::output_kind(written.path)) {
    case sample::OutputKind::grid:
      return "grid";
    case sample::OutputKind::arrays:
      return "arrays";
    case sample::OutputKind::folder:
      break;
  }
  return "folder";
}

// What is the same of all pictures, as the first one's record has it.
Value settings_of(const sample::PictureRecord& record) {
  return config::map_value({{"sample", config::member_value(record.sample)},
                            {"dtype", config::member_value(record.dtype)},
                            {"device", words(record.device)}});
}

Value checkpoint_of(const sample::PictureRecord& record, const std::string& path) {
  return config::map_value({{"path", words(path)},
                            {"hash", words(record.checkpoint_hash)},
                            {"step", config::member_value(record.step)},
                            {"weights", words(record.weights)}});
}

// Fields that do not apply are left out.
Value picture_of(const SampleFacts& facts, const sample::Written& written, int64_t index,
                 const sample::SampleConfig& common) {
  const sample::PictureRecord record = facts.record(index);
  const auto place = static_cast<size_t>(index);
  const auto [width, height] = facts.plan.pictures[place].size();
  Value picture = config::map_value({{"number", number(index)}});
  const auto add = [&](const char* key, Value value) { picture.fields.emplace_back(key, std::move(value)); };
  if (sample::output_kind(written.path) == sample::OutputKind::folder) {
    const std::vector<std::string>& names = facts.plan.names;
    add("file", words(names.empty() ? sample::picture_name(index, facts.plan.size()) : names[place]));
  }
  add("seed", config::plain_value(concat(record.seed)));
  if (record.label) add("label", number(*record.label));
  if (!record.class_name.empty()) add("class_name", words(record.class_name));
  if (record.style) add("style", number(*record.style));
  if (!record.style_name.empty()) add("style_name", words(record.style_name));
  if (record.prompt) add("prompt", words(*record.prompt));
  if (record.negative_prompt) add("negative_prompt", words(*record.negative_prompt));
  add("width", number(width));
  add("height", number(height));
  add("kept", config::plain_value(place < facts.is_there.size() && facts.is_there[place] ? "true" : "false"));
  Value own = config::member_value(record.sample);
  if (!(own == config::member_value(common))) add("sample", std::move(own));
  return picture;
}

}  // namespace

void tell_of_work(const models::Network& network, const sample::DrawSettings& settings, const SamplePlan& plan,
                  const std::filesystem::path& out) {
  constexpr int64_t kMany = 1000, kUsual = 16;  // pictures at a time where it is measured how many are best
  if (plan.size() < kMany) return;
  const sample::SampleConfig& first = *plan.pictures.front().settings;
  const auto [width, height] = first.picture_size();
  const int64_t batch = settings.batch > 0 ? settings.batch : kUsual;
  const bool is_folder = sample::output_kind(out) == sample::OutputKind::folder;
  const uint64_t disk = is_folder ? sample::png_bytes(plan.size(), width, height)
                                  : static_cast<uint64_t>(plan.size()) * static_cast<uint64_t>(width * height * 3);
  const double memory = engine::bytes_of(network, settings.precision, first, batch);
  log_info(concat(plan.size(), " pictures of ", width, "x", height, ", such as ", batch, " at a time: about ",
                  human_bytes(static_cast<uint64_t>(memory)), " of memory and ", is_folder ? "at least " : "",
                  human_bytes(disk), " on the disk; how long it takes is shown soon"));
}

void report(const sample::Written& written, const SamplePlan& plan) {
  const bool is_folder = sample::output_kind(written.path) == sample::OutputKind::folder;
  std::cout << written.path.string() << ": " << plural(written.pictures, "picture");
  if (written.columns > 0 && written.pictures > 1) {
    std::cout << " in " << plural(std::min(written.columns, written.pictures), "column");
  }
  std::cout << ", " << seeds(plan);
  if (written.kept > 0) std::cout << ", " << written.pictures - written.kept << " of them drawn now";
  if (written.replaced > 0) std::cout << ", replaced " << plural(written.replaced, is_folder ? "picture" : "file");
  if (written.others > 0) std::cout << ", kept " << plural(written.others, "other file");
  std::cout << std::endl;
}

void report(const sample::Trajectory& trajectory) {
  std::cout << trajectory.path().string() << ": " << plural(trajectory.frames(), "frame")
            << (trajectory.replaces() ? ", replaced 1 file" : "") << std::endl;
}

void print_json(const sample::Written& written, const SampleFacts& facts) {
  const sample::PictureRecord first = facts.record(0);
  Value pictures;
  pictures.kind = Value::Kind::list;
  for (int64_t i = 0; i < facts.plan.size(); ++i) {
    pictures.items.push_back(picture_of(facts, written, i, first.sample));
  }
  Value all = config::map_value({{"out", words(written.path.string())},
                                 {"kind", words(kind_of(written))},
                                 {"count", number(written.pictures)},
                                 {"drawn", number(written.pictures - written.kept)},
                                 {"kept", number(written.kept)},
                                 {"replaced", number(written.replaced)},
                                 {"other_files", number(written.others)}});
  const auto add = [&](const char* key, Value value) { all.fields.emplace_back(key, std::move(value)); };
  if (written.columns > 0) add("columns", number(std::min(written.columns, written.pictures)));
  if (facts.trajectory != nullptr) {
    add("animation", config::map_value({{"file", words(facts.trajectory->path().string())},
                                        {"frames", number(facts.trajectory->frames())}}));
  }
  add("seconds", config::plain_value(concat(std::round(facts.seconds * 1000) / 1000)));
  add("checkpoint", checkpoint_of(first, facts.checkpoint));
  if (!first.text_encoder.empty()) add("text_encoder", words(first.text_encoder));
  add("settings", settings_of(first));
  add("pictures", std::move(pictures));
  std::cout << config::to_json(all) << std::endl;
}

}  // namespace pixnerd::cli
