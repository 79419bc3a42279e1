// From what people call classes and styles to labels, and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/grid.h"
#include "sample/model_file.h"
#include "sample/picture.h"

namespace pixnerd::sample {

std::string lower_case(std::string_view text);  // of ASCII letters

// The names of a network's classes; ImageNet's for one of 1000 classes whose file names none. Empty if there are none.
std::vector<std::string> class_names(const ModelDescription& description);

// The label that `text` means, by the first that fits: the name itself; the name but for upper and lower case; another
// word or the id of an ImageNet class; a part of one name alone, or several words of it, which is then said.
// RequestError otherwise, which names the nearest, or those that `text` is a part of. kind: "class" or "style".
int64_t label_named(const std::string& text, const std::vector<std::string>& names, const char* kind);

// The names that somebody may have meant by a text that is none of them, the likeliest first, `most` of them at most:
// those that have all of its words, in any order, some of them, or nearly its letters.
std::vector<std::string> names_like(const std::string& text, const std::vector<std::string>& names, size_t most);

// Labels in numbers: "all", "7", or "0-999", the last one included. RequestError for a range that is not within
// 0 ... count - 1, or runs backwards; text of no such form is a programming error.
std::vector<int64_t> labels_numbered(const std::string& text, int64_t count, const char* kind);
bool numbers_labels(const std::string& text);  // whether it has one of these forms

// "fox (14)"; "class 14" where there are no names, "no class" for the label after the last.
std::string described_label(int64_t label, int64_t count, const std::vector<std::string>& names, const char* kind);

// For each of `names` the place among `others` of the class of that name, or of another name of the same ImageNet
// class; -1 if there is none.
std::vector<int64_t> namesakes(const std::vector<std::string>& names, const std::vector<std::string>& others);

// What is written under pictures that have been checked: a class with its style, or a prompt.
std::vector<image::Label> captions_of(const std::vector<PictureRequest>& pictures, const ModelDescription& description);

}  // namespace pixnerd::sample
