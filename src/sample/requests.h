// Lists of pictures from what people ask for: classes, prompts, or pictures that were drawn before.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/config.h"
#include "sample/picture.h"
#include "sample/prompts.h"
#include "sample/record.h"

namespace pixnerd::sample {

// In which order pictures of several classes come: class by class, as people want to see them, or one of each class in
// turn, so that any run of pictures is like the whole.
enum class ClassOrder { runs, turns };

// `count` pictures in all, of each class as many where count is a multiple of them. The styles, where there are some,
// take turns: in runs within a class, in turns from one round of the classes to the next. The seeds count from `seed`.
std::vector<PictureRequest> requests_of(const std::vector<int64_t>& classes, const std::vector<int64_t>& styles,
                                        int64_t count, ClassOrder order, uint64_t seed, const SampleConfig& settings);

// `count` pictures of each prompt. Without a seed of its own a prompt's pictures go on counting from `seed` where those
// before it ended; what else it does not say is taken from `settings` and `negative_prompt`. RequestError for a size
// that the network has no answer to; names the prompt's line.
std::vector<PictureRequest> requests_of(const std::vector<Prompt>& prompts, int64_t count, uint64_t seed,
                                        const std::string& negative_prompt, const SampleConfig& settings,
                                        const models::ModelConfig& network);

// The same pictures again; what was edited is to be read by the caller (edit.h).
std::vector<PictureRequest> requests_of(const std::vector<PictureRecord>& records, const models::ModelConfig& network);

// How a picture is made, beside what `common` says of all.
PictureRecord record_of(const PictureRecord& common, const PictureRequest& picture);

}  // namespace pixnerd::sample
