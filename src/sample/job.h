// Work for the sampler as a list of requests: pictures of one size and one set of settings each, with their numbers in
// the output.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sample/prompts.h"
#include "sample/record.h"
#include "sample/request.h"
#include "sample/sampler.h"

namespace pixnerd::sample {

// A picture that is discarded fills its batch up, so that the others are rounded as in the batch of their record.
struct Job {
  Request request;
  std::vector<int64_t> numbers;  // of the request's pictures in the output; -1: to be drawn and discarded
};

// The pictures first .. first + n - 1 as one job.
Job job_of(Request request, int64_t first = 0);

// Draws all jobs, in their order; the sink gets numbers. Errors as sample_images(); every job is checked first.
void draw(models::Network& network, const std::vector<Job>& jobs, const ImageSink& sink, Progress& progress,
          const FrameSink& frames = {});

// RequestError if a job, or the states of all jobs' texts beside it, needs more memory than the system can give
// (core/memory.h); the message has the numbers.
void check_memory(const models::Network& network, const std::vector<Job>& jobs, uint64_t available);

// Different texts, each once.
class TextTable {
 public:
  int64_t row_of(const std::string& text);
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::map<std::string, int64_t> rows_;
};

// RequestError for a prompt's own size that the network has no answer to; names the prompt's line. What prompts do not
// say is in `settings`.
void check_sizes(const std::vector<Prompt>& prompts, const models::ModelConfig& config, SampleConfig settings);

// A picture that shows a text.
struct TextPicture {
  std::string prompt, negative_prompt;
  uint64_t seed = 0;
  PictureSize size{};
};

// `count` pictures of each prompt. Without a seed of its own a prompt's pictures go on counting from `seed` where those
// before it ended; what else it does not say is taken from `settings` and `negative_prompt`.
std::vector<TextPicture> pictures_of(const std::vector<Prompt>& prompts, int64_t count, uint64_t seed,
                                     const std::string& negative_prompt, const PictureSize& size);

// One job for each size, in the order of their first pictures. `like` has everything but conditions, seeds and size;
// the texts' states are still missing: they are those of `texts`, to be set before drawing.
std::vector<Job> jobs_of(const std::vector<TextPicture>& pictures, const Request& like, TextTable& texts);

// Records in the batches that they were computed in: as jobs that repeat them exactly. A batch of which pictures are
// missing is filled up with copies. `texts` as above; what guidance leads away from is the empty text unless told.
// RequestError before anything is made of them if their batches have more than kMostPictures together.
std::vector<Job> jobs_of(const std::vector<PictureRecord>& records, TextTable& texts);

// What is left of jobs where some pictures, told by their numbers, are there: the batches in which one is missing,
// whole, so that it comes out as in one go. Styles must be given where the network has some.
std::vector<Job> rest_of(const std::vector<Job>& jobs, const std::vector<bool>& is_there);

// How picture k of a job is made, beside what `common` says of all.
PictureRecord record_of(const PictureRecord& common, const Job& job, int64_t k, const std::vector<std::string>& texts);

}  // namespace pixnerd::sample
