// Prompts of a text-to-image network that are the captions of a data set, so that it is known what they ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/picture_set.h"
#include "eval/asked.h"
#include "sample/picture.h"

namespace pixnerd::eval {

struct CaptionChoice {
  std::vector<std::string> languages;  // all of the set if there is none
  std::optional<int64_t> number;       // which of a language's captions of a picture, from 1; all if nothing
};

// Pictures and what each is to show.
struct AskedPictures {
  std::vector<sample::PictureRequest> requests;
  std::vector<Asked> asked;
};

// `count` pictures with captions of the set's pictures that have a class: the languages in turn, the captions of each
// as often as any other as far as that allows, in a random order that `seed` decides; the pictures' seeds count from
// it. A caption that pictures of several styles have in its language asks for no style. DataError: no such caption in
// one of the languages, or captions that cannot be read.
AskedPictures captions_as_in(const data::PictureSet& set, const CaptionChoice& choice, int64_t count,
                             const std::string& negative_prompt, uint64_t seed, const sample::SampleConfig& settings);

}  // namespace pixnerd::eval
