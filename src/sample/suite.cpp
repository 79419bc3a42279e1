#include "sample/suite.h"

#include <algorithm>
#include <iterator>
#include <ostream>
#include <set>

#include "config/json.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "core/uncommitted_file.h"
#include "image/codec.h"
#include "image/grid.h"
#include "sample/mismatch.h"
#include "sample/requests.h"
#include "sample/text_file.h"
#include "text/unicode.h"

namespace pixnerd::sample {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDpgCount = 4, kDpgColumns = 2;

// At least `digits` digits.
std::string padded(int64_t number, size_t digits) {
  const std::string text = concat(number);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

// Without what Python's str.strip() takes for space.
std::string_view trimmed(std::string_view text) {
  const auto is_space = [](int32_t character) {
    return text::is_space(character) || (character >= 0x1C && character <= 0x1F);
  };
  while (!text.empty() && is_space(text::first_character(text).value)) {
    text.remove_prefix(text::first_character(text).bytes);
  }
  while (!text.empty() && is_space(text::last_character(text).value)) {
    text.remove_suffix(text::last_character(text).bytes);
  }
  return text;
}

// With the lines' ends that Python's open() makes of all.
std::string with_plain_ends(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    plain += text[i] == '\r' ? '\n' : text[i];
  }
  return plain;
}

std::string prompt_of(std::string_view line, const std::string& where) {
  try {
    const config::Value value = config::parse_json(line, where);
    const config::Value* const prompt = value.find("prompt");
    if (prompt == nullptr || *prompt != config::text_value(prompt->scalar)) {  // a number is no text
      throw ConfigError(concat(where, ": there is no \"prompt\" with a text"));
    }
    return prompt->scalar;
  } catch (const ConfigError& error) {
    throw DataError(error.what());
  }
}

std::vector<fs::path> listing(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> all;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    all.push_back(each->path());
  }
  if (error) throw DataError(concat("cannot list the folder ", quoted(folder), ": ", error.message()));
  std::sort(all.begin(), all.end());
  return all;
}

// Left by processes that were killed while they wrote, in the folder and those in it.
void remove_all_abandoned_files(const fs::path& folder) {
  std::error_code error;
  remove_abandoned_files(folder);
  for (fs::recursive_directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    if (each->is_directory(error)) remove_abandoned_files(each->path());
  }
}

bool holds(const fs::path& file, const std::string& text) {
  std::error_code error;
  return fs::is_regular_file(file, error) && fs::file_size(file, error) == text.size() &&
         read_file(file, text.size()) == text;
}

}  // namespace

Suite read_geneval(const fs::path& metadata, int64_t count) {
  const std::string content = read_text(metadata);
  Suite suite;
  suite.count = count;
  for (const TextLine& line : lines_of(content)) {
    const fs::path folder = padded(static_cast<int64_t>(suite.prompts.size()), 5);
    suite.prompts.push_back(prompt_of(line.text, concat(metadata, ":", line.number)));
    suite.notes.emplace_back(folder / "metadata.jsonl", line.text);
    for (int64_t k = 0; k < count; ++k) suite.files.push_back(folder / "samples" / (padded(k, 4) + ".png"));
  }
  if (suite.prompts.empty()) throw DataError(concat(quoted(metadata), " has no prompt; it should have one a line"));
  return suite;
}

Suite read_dpg(const fs::path& folder) {
  Suite suite;
  suite.count = kDpgCount;
  suite.columns = kDpgColumns;
  for (const fs::path& each : listing(folder)) {
    const bool is_hidden = each.filename().string().starts_with('.');  // as macOS puts beside files
    if (is_hidden || each.extension() != ".txt") continue;
    suite.prompts.emplace_back(trimmed(with_plain_ends(read_text(each))));
    if (suite.prompts.back().empty()) throw DataError(concat(quoted(each), " is empty; write a prompt, or remove it"));
    suite.files.push_back(each.stem().string() + ".png");
  }
  if (suite.prompts.empty())
    throw DataError(concat(quoted(folder), " has no prompt; each should be a .txt of its own"));
  return suite;
}

std::vector<fs::path> misread_names(const Suite& suite) {
  std::vector<fs::path> found;
  for (const fs::path& each : suite.files) {
    if (suite.columns > 0 && each.stem().string().find('.') != std::string::npos) found.push_back(each);
  }
  return found;
}

SuiteFolder::SuiteFolder(fs::path folder, Suite suite, SuiteRequest request)
    : folder_(std::move(folder)),
      suite_(std::move(suite)),
      request_(std::move(request)),
      settings_(std::make_shared<const SampleConfig>(request_.settings)) {
  if (suite_.columns > 0) {
    request_.common.columns = suite_.columns;
    request_.common.padding = 0;
  }
  is_there_.resize(suite_.files.size());
  const fs::file_type type = type_at(folder_);
  if (type == fs::file_type::not_found) return;
  if (type != fs::file_type::directory) {
    throw RequestError(concat(quoted(folder_), " is no folder, which --suite needs; give --out another name"));
  }
  require_not_read(folder_, request_.inputs);
  find_finished();
  if (finished_ == 0 && !request_.overwrite) require_empty();
  check_notes();
}

PictureRequest SuiteFolder::request_of(int64_t picture) const {
  PictureRequest request;
  request.prompt = suite_.prompts[static_cast<size_t>(picture / suite_.count)];
  request.negative_prompt = request_.negative_prompt;
  request.seed = static_cast<uint64_t>(picture % suite_.count);
  request.settings = settings_;
  return request;
}

PictureRecord SuiteFolder::record(int64_t picture) const {
  return record_of(request_.common, request_of(picture));
}

void SuiteFolder::find_finished() {
  const auto in_a_file = static_cast<size_t>(suite_.columns > 0 ? suite_.count : 1);
  for (size_t file = 0; file < suite_.files.size(); ++file) {
    const fs::path path = folder_ / suite_.files[file];
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    std::vector<PictureRecord> wanted;
    for (size_t k = 0; k < in_a_file; ++k) {
      wanted.push_back(record(static_cast<int64_t>(file * in_a_file + k)));
    }
    const std::string why = mismatch(path, wanted);
    if (!why.empty() && !request_.overwrite) {
      throw RequestError(concat(quoted(path), " is there already and was made otherwise: ", why,
                                "; give --out another folder, or --overwrite to draw such pictures anew"));
    }
    if (!why.empty()) require_not_read(path, request_.inputs);
    is_there_[file] = why.empty();
    if (why.empty()) finished_ += static_cast<int64_t>(in_a_file);
  }
}

// The folder has no picture of the suite: it should be empty, but for what a run may leave that was killed early.
void SuiteFolder::require_empty() const {
  const auto is_own = [&](const fs::path& entry) {
    return is_uncommitted(entry) || std::any_of(suite_.notes.begin(), suite_.notes.end(), [&](const auto& note) {
             return folder_ / note.first.parent_path() == entry;
           });
  };
  for (const fs::path& entry : listing(folder_)) {
    if (is_own(entry)) continue;
    throw RequestError(concat("the folder ", quoted(folder_), " has ", quoted(entry.filename()),
                              " in it and no picture of this suite; give another folder, or --overwrite"));
  }
}

// The evaluator reads them, so that others belong to another suite.
void SuiteFolder::check_notes() const {
  for (const auto& [name, text] : suite_.notes) {
    const fs::path path = folder_ / name;
    std::error_code error;
    if (!fs::exists(path, error) || holds(path, text)) continue;
    require_not_read(path, request_.inputs);
    if (request_.overwrite) continue;
    throw RequestError(concat(quoted(path), " is there already and says something else than this suite; give --out ",
                              "another folder, or --overwrite to replace it"));
  }
}

std::vector<fs::path> SuiteFolder::unexpected_pictures() const {
  const std::set<fs::path> own(suite_.files.begin(), suite_.files.end());
  const fs::path& model = suite_.files.front();
  const auto depth = [](const fs::path& path) { return std::distance(path.begin(), path.end()); };
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::recursive_directory_iterator each(folder_, error), end; !error && each != end; each.increment(error)) {
    const fs::path name = each->path().lexically_relative(folder_);
    const bool is_in_place = depth(name) == depth(model) &&
                             name.parent_path().filename() == model.parent_path().filename() &&
                             name.extension() == model.extension();
    if (is_in_place && !own.contains(name)) found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<int64_t> SuiteFolder::missing() const {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < suite_.pictures(); ++i) {
    if (!is_there_[suite_.file_of(i)]) numbers.push_back(i);
  }
  return numbers;
}

void SuiteFolder::open() {
  prepare_folder(folder_);
  lock_.emplace(folder_);
  const auto missing = std::find(is_there_.begin(), is_there_.end(), false) - is_there_.begin();
  if (missing < std::ssize(is_there_)) prepare_file(folder_ / suite_.files[static_cast<size_t>(missing)]);
  remove_all_abandoned_files(folder_);
  for (const auto& [name, text] : suite_.notes) {
    const fs::path file = folder_ / name;
    if (holds(file, text)) continue;
    prepare_file(file);
    write_file_atomically(file, [&text = text](std::ostream& out) { out << text; });
  }
}

void SuiteFolder::put(int64_t picture, image::Image image) {
  const PictureRecord own = record(picture);
  const fs::path path = folder_ / suite_.files[suite_.file_of(picture)];
  prepare_file(path);
  if (suite_.columns == 0) {
    image::write_png(path, image, {{kRecordKeyword, to_json(own)}});
    ++finished_;
    return;
  }
  pending_[picture] = {std::move(image), to_json(own)};
  const int64_t first = picture / suite_.count * suite_.count;
  std::vector<image::Image> images;
  std::string lines;
  for (int64_t k = 0; k < suite_.count; ++k) {
    if (!pending_.contains(first + k)) return;
  }
  for (int64_t k = 0; k < suite_.count; ++k) {
    Cell& cell = pending_[first + k];
    images.push_back(std::move(cell.image));
    lines += concat(k > 0 ? "\n" : "", cell.record);
    pending_.erase(first + k);
  }
  image::write_png(path, image::make_grid(images, static_cast<int>(suite_.columns), 0), {{kRecordKeyword, lines}});
  finished_ += suite_.count;
}

}  // namespace pixnerd::sample
