#include "sample/drawing.h"

#include <deque>
#include <exception>
#include <map>
#include <set>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "engine/memory.h"
#include "image/pixels.h"

namespace pixnerd::sample {
namespace {

constexpr int64_t kColours = 3;

// Those that occur.
std::set<std::shared_ptr<const SampleConfig>> settings_of(const std::vector<PictureRequest>& pictures) {
  std::set<std::shared_ptr<const SampleConfig>> settings;
  for (const PictureRequest& picture : pictures) settings.insert(picture.settings);
  return settings;
}

// The edit is of the size that is drawn.
void check_edit(const PictureRequest& picture) {
  const PictureEdit& edit = *picture.edit;
  if (picture.settings->decode_size) {
    throw RequestError("a picture is edited at one size; leave out --decode-size");
  }
  if (edit.canvas_size() != picture.settings->size) {
    throw RequestError("the settings draw another size than that of the picture to edit");
  }
  if (picture.settings->tile != engine::Tile::none && edit.size() != edit.canvas_size()) {
    throw RequestError("the edges of an edited picture meet only where it has whole patches; fit it with --size");
  }
}

}  // namespace

image::Image image_of(const at::Tensor& x, const PictureRequest& picture) {
  const at::Tensor chw = x[0].cpu().contiguous();
  image::Image image = image::from_model_range(chw.const_data_ptr<float>(), static_cast<int>(chw.size(2)),
                                               static_cast<int>(chw.size(1)));
  return picture.edit ? finished(*picture.edit, std::move(image)) : image;
}

void check(const models::ModelConfig& config, const std::vector<PictureRequest>& pictures) {
  if (pictures.empty()) throw RequestError("no picture is asked for; name at least one class or prompt");
  if (config.in_channels != kColours) {
    throw RequestError(concat("the network draws ", config.in_channels, " channels, but a picture has 3"));
  }
  if (std::ssize(pictures) > diffusion::kMostPictures) {
    throw RequestError(concat(pictures.size(), " pictures are asked for, of at most ", diffusion::kMostPictures));
  }
  for (const auto& settings : settings_of(pictures)) {
    engine::require_sizes(config, *settings);
    settings->validate();
  }
  for (const PictureRequest& picture : pictures) {
    check_condition(config, picture);
    if (picture.edit) check_edit(picture);
  }
}

void check_memory(const models::Network& network, models::Precision precision,
                  const std::vector<PictureRequest>& pictures, uint64_t available) {
  constexpr int64_t kStateBytes = 2;  // as the text encoder makes them
  const models::ModelConfig& config = network.config();
  const auto of_a_text = static_cast<double>(config.txt_max_length * config.txt_embed_dim * kStateBytes);
  const double states = config.takes_text() ? static_cast<double>(texts_of(pictures).size()) * of_a_text : 0;
  for (const auto& settings : settings_of(pictures)) {
    engine::require_memory(network, precision, *settings, 1, available, states, "the encoded prompts");
  }
}

// What has become of the pictures that were handed to the engine.
class Drawing::Watch : public engine::Observer {
 public:
  Watch(const std::vector<PictureRequest>& pictures, FrameSink frames)
      : pictures_(pictures), frames_(std::move(frames)) {}

  void stepped(engine::PictureId id, const engine::Stepped& step) override {
    const int64_t index = index_of.at(id);
    // An edit leaves the first steps out; they count, and look like the first that is made.
    int64_t& before = steps_of_[id];
    steps += step.step - before;
    for (; frames_ && before < step.step; ++before) frames_(index, before, image_of(step.x, picture(index)));
    before = step.step;
  }

  void done(engine::PictureId id, const at::Tensor& x) override {
    const int64_t index = index_of.at(id);
    ready.emplace(index, image_of(x, picture(index)));
    index_of.erase(id);
    steps_of_.erase(id);
  }

  void failed(engine::PictureId id, std::exception_ptr error) override {
    if (!failure_.second) failure_ = {index_of.at(id), std::move(error)};
  }

  void rethrow() const {
    if (!failure_.second) return;
    try {
      std::rethrow_exception(failure_.second);
    } catch (const RequestError& error) {
      throw RequestError(concat("picture ", failure_.first, ": ", error.what()));
    }
  }

  std::map<engine::PictureId, int64_t> index_of;  // in the engine
  std::map<int64_t, image::Image> ready;
  int64_t steps = 0;

 private:
  const PictureRequest& picture(int64_t index) const { return pictures_[static_cast<size_t>(index)]; }

  const std::vector<PictureRequest>& pictures_;
  FrameSink frames_;
  std::map<engine::PictureId, int64_t> steps_of_;   // made
  std::pair<int64_t, std::exception_ptr> failure_;  // the first
};

Drawing::Drawing(models::Network& network, std::vector<PictureRequest> pictures, DrawSettings settings,
                 FrameSink frames)
    : config_(network.config()),
      pictures_(std::move(pictures)),
      states_(std::move(settings.states)),
      watch_(std::make_shared<Watch>(pictures_, std::move(frames))) {
  check(config_, pictures_);
  engine::EngineOptions options;
  options.most_together = settings.batch;
  options.available_bytes = settings.available_bytes;
  options.profile = std::move(settings.profile);
  engine_ = std::make_unique<engine::Engine>(network, settings.precision, std::move(options));
  for (size_t i = 0; i < pictures_.size(); ++i) {
    in_order_[pictures_[i].size()].push_back(static_cast<int64_t>(i));
    all_steps_ += pictures_[i].settings->sampler.steps;
  }
}

Drawing::~Drawing() = default;

std::optional<Drawn> Drawing::next(Progress& progress) {
  if (submitted_ == 0) progress.update(0, all_steps_, "");
  while (true) {
    if (auto drawn = take_ready()) return drawn;
    if (in_order_.empty()) return std::nullopt;
    submit_some();
    engine_->advance();
    watch_->rethrow();
    progress.update(watch_->steps, all_steps_, "");
  }
}

// As many as the engine can put to use, and not the ten million that may be asked for, of which a slow one may hold
// back many.
void Drawing::submit_some() {
  while (submitted_ < pictures_.size()) {
    const PictureRequest& picture = pictures_[submitted_];
    const int64_t together = engine_->together(*picture.settings);
    if (std::ssize(watch_->index_of) >= 2 * together || std::ssize(watch_->ready) >= 8 * together) return;
    const engine::PictureId id = engine_->submit(engine_picture(config_, picture, states_), watch_);
    watch_->index_of[id] = static_cast<int64_t>(submitted_++);
  }
}

std::optional<Drawn> Drawing::take_ready() {
  for (auto& [size, indices] : in_order_) {
    const auto found = watch_->ready.find(indices.front());
    if (found == watch_->ready.end()) continue;
    Drawn drawn{found->first, std::move(found->second)};
    watch_->ready.erase(found);
    indices.pop_front();
    if (indices.empty()) in_order_.erase(size);
    return drawn;
  }
  return std::nullopt;
}

void draw(models::Network& network, std::vector<PictureRequest> pictures, DrawSettings settings,
          const PictureSink& sink, Progress& progress, const FrameSink& frames) {
  Drawing drawing(network, std::move(pictures), std::move(settings), frames);
  while (std::optional<Drawn> drawn = drawing.next(progress)) sink(drawn->index, std::move(drawn->image));
}

}  // namespace pixnerd::sample
