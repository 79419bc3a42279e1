#include "sample/job.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "models/cost.h"

namespace pixnerd::sample {
namespace {

int64_t steps_of(const Job& job) {
  return job.request.pictures() * job.request.sample.sampler.steps;
}

// One job's progress as a part of all jobs'.
class Part : public Progress {
 public:
  Part(Progress& whole, int64_t before, int64_t total) : whole_(whole), before_(before), total_(total) {}
  void update(int64_t done, int64_t, std::string_view note) override { whole_.update(before_ + done, total_, note); }

 private:
  Progress& whole_;
  int64_t before_, total_;
};

void add_text(Request& request, TextTable& texts, const std::string& prompt, const std::string& negative_prompt,
              uint64_t seed) {
  if (!request.texts) request.texts.emplace();
  request.texts->rows.push_back(texts.row_of(prompt));
  request.texts->null_rows.push_back(texts.row_of(negative_prompt));
  request.seeds.push_back(seed);
}

void add(Job& job, const PictureRecord& record, TextTable& texts, int64_t number) {
  Request& request = job.request;
  if (record.prompt) {
    add_text(request, texts, *record.prompt, record.negative_prompt.value_or(""), record.seed);
  } else {
    request.labels.push_back(*record.label);
    if (record.style) request.styles.push_back(*record.style);
    request.seeds.push_back(record.seed);
  }
  job.numbers.push_back(number);
}

bool same_settings(const PictureRecord& a, const PictureRecord& b) {
  return a.dtype == b.dtype && a.batch == b.batch && a.prompt.has_value() == b.prompt.has_value() &&
         a.style.has_value() == b.style.has_value() && a.sample == b.sample;
}

// How many records from the first on go together into one batch, each in its place.
size_t together(const std::vector<PictureRecord>& records, size_t first) {
  size_t count = 1;
  while (first + count < records.size() && records[first + count].place > records[first + count - 1].place &&
         same_settings(records[first + count], records[first])) {
    ++count;
  }
  return count;
}

// Records are a stranger's: a batch of many stated by each of many pictures must not fill the memory.
void check_batches(const std::vector<PictureRecord>& records) {
  int64_t pictures = 0;
  for (size_t i = 0; i < records.size(); i += together(records, i)) {
    pictures += records[i].batch;
    if (pictures <= diffusion::kMostPictures) continue;
    throw RequestError(concat("the pictures were drawn in batches of more than ", diffusion::kMostPictures,
                              " pictures together, all of which drawing them anew takes; ask for fewer of them"));
  }
}

// A job of the same settings and texts.
Job without_pictures(const Job& job) {
  Job none{job.request, {}};
  none.request.labels.clear();
  none.request.styles.clear();
  none.request.seeds.clear();
  if (none.request.texts) none.request.texts = TextConditions{job.request.texts->states, {}, {}};
  return none;
}

void copy_picture(const Job& from, int64_t k, Job& to) {
  const Request& request = from.request;
  const auto at = static_cast<size_t>(k);
  if (request.texts) {
    to.request.texts->rows.push_back(request.texts->rows[at]);
    to.request.texts->null_rows.push_back(request.texts->null_rows[at]);
  } else {
    to.request.labels.push_back(request.labels[at]);
    if (!request.styles.empty()) to.request.styles.push_back(request.styles[at]);
  }
  to.request.seeds.push_back(request.seed_of(k));
  to.numbers.push_back(from.numbers[at]);
}

// The states of all texts, which are in memory together.
double bytes_of_states(const std::vector<Job>& jobs, const models::ModelConfig& config) {
  constexpr int64_t kStateBytes = 2;  // as the text encoder makes them
  int64_t texts = 0;
  for (const Job& job : jobs) {
    if (!job.request.texts) continue;
    for (const int64_t row : job.request.texts->rows) texts = std::max(texts, row + 1);
    for (const int64_t row : job.request.texts->null_rows) texts = std::max(texts, row + 1);
  }
  return static_cast<double>(texts) * static_cast<double>(config.txt_max_length * config.txt_embed_dim * kStateBytes);
}

}  // namespace

Job job_of(Request request, int64_t first) {
  Job job{std::move(request), {}};
  job.numbers.resize(static_cast<size_t>(job.request.pictures()));
  std::iota(job.numbers.begin(), job.numbers.end(), first);
  return job;
}

void draw(models::Network& network, const std::vector<Job>& jobs, const ImageSink& sink, Progress& progress,
          const FrameSink& frames) {
  int64_t total = 0, done = 0;
  for (const Job& job : jobs) {
    check(network, job.request);
    total += steps_of(job);
  }
  for (const Job& job : jobs) {
    const auto number = [&](int64_t k) { return job.numbers[static_cast<size_t>(k)]; };
    FrameSink numbered;
    if (frames) {
      numbered = [&](int64_t k, int64_t step, image::Image frame) {
        if (number(k) >= 0) frames(number(k), step, std::move(frame));
      };
    }
    Part part(progress, done, total);
    sample_images(
        network, job.request,
        [&](int64_t k, image::Image picture) {
          if (number(k) >= 0) sink(number(k), std::move(picture));
        },
        part, numbered);
    done += steps_of(job);
  }
}

void check_memory(const models::Network& network, const std::vector<Job>& jobs, uint64_t available) {
  if (available == 0 || !network.device().is_cpu()) return;
  const auto human = [](double bytes) { return human_bytes(static_cast<uint64_t>(bytes)); };
  const double states = bytes_of_states(jobs, network.config());
  for (const Job& job : jobs) {
    const SampleConfig& settings = job.request.sample;
    const auto [width, height] = settings.picture_size();
    const models::TokenGrid grid = models::token_grid(network.config(), settings.size[1], settings.size[0]);
    const int64_t batch = std::min(job.request.batch_size, job.request.pictures());
    const bool reuses = settings.sampler.reuse > 1 || !settings.sampler.encode_steps.empty();
    const double drawing =
        models::sampling_bytes(network.config(), grid, height, width, batch, job.request.precision, reuses);
    if (drawing + states <= static_cast<double>(available)) continue;
    const bool texts_alone = drawing <= static_cast<double>(available);
    throw RequestError(concat("drawing ", batch, batch == 1 ? " picture" : " pictures at a time", " of ", width, "x",
                              height, " pixels needs about ", human(drawing), " of memory",
                              states > 0 ? concat(", and the encoded prompts ", human(states)) : "", ", but ",
                              human_bytes(available), " are available; ask for ",
                              texts_alone ? "fewer prompts at a time, " : "", "a smaller --size or --batch",
                              reuses ? ", no --reuse" : "", ", or --dtype bfloat16"));
  }
}

int64_t TextTable::row_of(const std::string& text) {
  const auto [found, is_new] = rows_.try_emplace(text, static_cast<int64_t>(texts_.size()));
  if (is_new) texts_.push_back(text);
  return found->second;
}

void check_sizes(const std::vector<Prompt>& prompts, const models::ModelConfig& config, SampleConfig settings) {
  for (const Prompt& prompt : prompts) {
    if (!prompt.size) continue;
    settings.size = *prompt.size;
    try {
      check_sizes(config, settings);
    } catch (const RequestError& error) {
      throw RequestError(concat(prompt.where, ": ", error.what()));
    }
  }
}

std::vector<TextPicture> pictures_of(const std::vector<Prompt>& prompts, int64_t count, uint64_t seed,
                                     const std::string& negative_prompt, const PictureSize& size) {
  std::vector<TextPicture> pictures;
  for (const Prompt& prompt : prompts) {
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t own =
          prompt.seed ? *prompt.seed + static_cast<uint64_t>(i) : seed + static_cast<uint64_t>(pictures.size());
      pictures.push_back(
          {prompt.prompt, prompt.negative_prompt.value_or(negative_prompt), own, prompt.size.value_or(size)});
    }
  }
  return pictures;
}

std::vector<Job> jobs_of(const std::vector<TextPicture>& pictures, const Request& like, TextTable& texts) {
  std::vector<Job> jobs;
  std::map<PictureSize, size_t> job_of_size;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const TextPicture& picture = pictures[i];
    const auto [found, is_new] = job_of_size.try_emplace(picture.size, jobs.size());
    if (is_new) {
      jobs.push_back({like, {}});
      jobs.back().request.sample.size = picture.size;
    }
    Job& job = jobs[found->second];
    add_text(job.request, texts, picture.prompt, picture.negative_prompt, picture.seed);
    job.numbers.push_back(static_cast<int64_t>(i));
  }
  return jobs;
}

std::vector<Job> jobs_of(const std::vector<PictureRecord>& records, TextTable& texts) {
  check_batches(records);
  std::vector<Job> jobs;
  for (size_t i = 0; i < records.size();) {
    const PictureRecord& first = records[i];
    Job job;
    job.request.sample = first.sample;
    job.request.precision = first.dtype;
    job.request.batch_size = first.batch;
    const size_t end = i + together(records, i);
    for (int64_t place = 0; place < first.batch; ++place) {
      const bool known = i < end && records[i].place == place;
      add(job, known ? records[i] : first, texts, known ? static_cast<int64_t>(i) : -1);
      if (known) ++i;
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<Job> rest_of(const std::vector<Job>& jobs, const std::vector<bool>& is_there) {
  std::vector<Job> rest;
  for (const Job& job : jobs) {
    const auto is_wanted = [&](int64_t k) {
      const int64_t number = job.numbers[static_cast<size_t>(k)];
      return number >= 0 && !is_there[static_cast<size_t>(number)];
    };
    Job left = without_pictures(job);
    const int64_t pictures = job.request.pictures();
    for (int64_t first = 0, last = 0; first < pictures; first = last) {
      last = std::min(first + job.request.batch_size, pictures);
      bool needed = false;
      for (int64_t k = first; k < last; ++k) needed = needed || is_wanted(k);
      for (int64_t k = first; needed && k < last; ++k) {
        copy_picture(job, k, left);
        if (!is_wanted(k)) left.numbers.back() = -1;
      }
    }
    if (!left.numbers.empty()) rest.push_back(std::move(left));
  }
  return rest;
}

PictureRecord record_of(const PictureRecord& common, const Job& job, int64_t k, const std::vector<std::string>& texts) {
  const Request& request = job.request;
  const auto at = static_cast<size_t>(k);
  const int64_t first = k / request.batch_size * request.batch_size;
  PictureRecord record = common;
  record.seed = request.seed_of(k);
  record.sample = request.sample;
  record.dtype = request.precision;
  record.batch = std::min(request.batch_size, request.pictures() - first);
  record.place = k - first;
  if (request.texts) {
    record.prompt = texts[static_cast<size_t>(request.texts->rows[at])];
    record.negative_prompt = texts[static_cast<size_t>(request.texts->null_rows[at])];
  } else {
    record.label = request.labels[at];
    if (!request.styles.empty()) record.style = request.styles[at];
  }
  return record;
}

}  // namespace pixnerd::sample
