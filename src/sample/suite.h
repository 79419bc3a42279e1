// Prompt suites, as their evaluators want the pictures. Picture k of a prompt has the seed k.
//
//   GenEval     00000/metadata.jsonl, 00000/samples/0000.png ...   https://github.com/djghosh13/geneval
//   DPG-Bench   <name of the prompt's file>.png, 2 x 2 pictures    https://github.com/TencentQQGYLab/ELLA
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/destination.h"
#include "image/image.h"
#include "sample/picture.h"
#include "sample/record.h"

namespace pixnerd::sample {

struct Suite {
  std::vector<std::string> prompts;
  int64_t count = 4;    // pictures of a prompt
  int64_t columns = 0;  // of the grid without gaps that a prompt's pictures make; 0: each has a file of its own

  // Below the suite's folder: one a picture, or one a grid; and texts to stand beside them, one a prompt or none.
  std::vector<std::filesystem::path> files;
  std::vector<std::pair<std::filesystem::path, std::string>> notes;

  int64_t pictures() const { return static_cast<int64_t>(prompts.size()) * count; }
  size_t file_of(int64_t picture) const { return static_cast<size_t>(columns > 0 ? picture / count : picture); }
};

// From evaluation_metadata.jsonl: JSON lines with a "prompt" and whatever else, which is passed on byte for byte, but
// for a byte order mark. DataError: the file cannot be read, has no line, or a broken one, which is named.
Suite read_geneval(const std::filesystem::path& metadata, int64_t count);

// From a folder in which every .txt that is not hidden is a prompt, in the order of names, as Python reads and strips
// it: in UTF-8 (text_file.h), line's ends of any kind the same, without space around. DataError: there is none, or one
// is empty or cannot be read.
Suite read_dpg(const std::filesystem::path& folder);

// Files that the evaluator takes for the picture of another prompt: DPG-Bench's looks for their names up to the first
// dot.
std::vector<std::filesystem::path> misread_names(const Suite& suite);

// How a suite's pictures are made.
struct SuiteRequest {
  SampleConfig settings;
  std::string negative_prompt;
  PictureRecord common;    // what the records of all pictures have in common
  bool overwrite = false;  // use a folder with other things in it, replace what was made otherwise
  InputFiles inputs;       // what is read, and stays even then
};

// The folder that a suite's pictures go to. Those that are there and were made as requested, as their records say,
// stay; the network and the text encoder are the same if their files hold the same, wherever these lie.
// Every file appears whole or not at all, so that a run that was killed can go on.
class SuiteFolder {
 public:
  // Changes nothing yet. RequestError unless request.overwrite: something else lies in the place of a picture or a
  // note, or the folder has things in it and nothing of the suite; in any case: what is read lies in the place of one.
  SuiteFolder(std::filesystem::path folder, Suite suite, SuiteRequest request);

  const Suite& suite() const { return suite_; }
  int64_t finished() const { return finished_; }  // pictures that are there, those of grids that are whole

  // Pictures that lie where the evaluator looks and are none of the suite, as of more pictures a prompt or more
  // prompts: it would count them. Below the folder, in order.
  std::vector<std::filesystem::path> unexpected_pictures() const;

  // The numbers of the pictures that are to be drawn: those of files that are not there.
  std::vector<int64_t> missing() const;
  PictureRequest request_of(int64_t picture) const;

  // To be called before the work: makes the folder, with the notes in it, and removes what a killed run left half
  // written. RequestError: another process draws into the folder. DataError: no permission, or what else the system
  // says.
  void open();

  // A picture that is missing; a grid is written with its last one.
  void put(int64_t picture, image::Image image);

 private:
  PictureRecord record(int64_t picture) const;
  void find_finished();
  void require_empty() const;
  void check_notes() const;

  std::filesystem::path folder_;
  Suite suite_;
  SuiteRequest request_;
  std::shared_ptr<const SampleConfig> settings_;
  std::vector<bool> is_there_;  // one a file
  int64_t finished_ = 0;
  std::optional<OutputLock> lock_;

  struct Cell {
    image::Image image;
    std::string record;
  };
  std::map<int64_t, Cell> pending_;  // of grids that are not complete
};

}  // namespace pixnerd::sample
