// Where the weights are that pictures are drawn with. Records have their names alone, without folders, so that those of
// pictures that are drawn again are looked for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sample/record.h"

namespace pixnerd::cli {

struct Sources {
  std::string checkpoint, text_encoder;
};

// The file that is meant by --checkpoint (checkpoint/checkpoint_path.h), and the folder of --text-encoder; where one is
// not given, what `before` has of it, the records in the file `again`: at its path, as records of earlier versions have
// one, beside that file, in the folder above, or in the current folder; of several the first that holds what the
// record's hash says. "" where nothing is given and nothing recorded. RequestError, with the flag, if it is nowhere.
std::string checkpoint_of(const std::string& given, const std::vector<sample::PictureRecord>& before,
                          const std::filesystem::path& again);
std::string text_encoder_of(const std::string& given, const std::vector<sample::PictureRecord>& before,
                            const std::filesystem::path& again);

// The picture or mask of that name and content that pictures were edited from, likewise.
std::string edited_file(const std::string& name, const std::string& hash, const std::filesystem::path& again);

// What records call it. RequestError, with the flag, if that is no text: found here, and not when pictures are drawn.
std::string name_in_record(const std::string& path, const char* flag);

}  // namespace pixnerd::cli
