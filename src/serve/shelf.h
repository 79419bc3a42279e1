// Networks in memory, each in one arithmetic: loaded when they are wanted, beside the work, and put away again, the one
// that was used longest ago first, where memory is needed.
//
// Threads: used by one, the one that draws; is_loaded() by any.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "models/qwen3_prompts.h"
#include "sample/model_file.h"
#include "sample/record.h"
#include "serve/catalogue.h"

namespace pixnerd::serve {

struct ShelfOptions {
  at::Device device = at::kCPU;
  int64_t batch = 0;        // as engine::EngineOptions::most_together
  int64_t most_loaded = 0;  // 0: as many as memory holds
  double patience = 5;      // seconds that a network waits for room before others are left to come to rest for it
  std::filesystem::path text_encoder{}, prompt_cache{};  // folders; "": none
};

// A network that is ready to draw.
struct Loaded {
  sample::ModelFile file;
  MappedSources sources;                           // the parts of files that its weights lie in
  std::unique_ptr<engine::Engine> engine;          // of file.network
  std::unique_ptr<models::PromptEncoder> encoder;  // its own; null where there is none
  sample::PictureRecord common;                    // what the records of all its pictures say
  double used = 0;                                 // steady_seconds() when it last had something to do
};

// The states of a text, and a warning where it was cut; "" where it was not.
struct EncodedText {
  at::Tensor states;  // [1, N, T]
  std::string warning;
};

class Shelf {
 public:
  // `loaded` is called from another thread when a network that get() has begun to load is there, or has failed to be.
  Shelf(ShelfOptions options, std::function<void()> loaded);
  ~Shelf();

  // Null while it is being loaded, or waits for memory that others, which draw, hold; and of those, once somebody has
  // waited for long. Throws what loading failed with; the next call begins anew.
  std::shared_ptr<Loaded> get(const ServedModel& model, models::Precision precision);

  // One evaluation by the next network that has pictures; false where none has.
  bool advance();

  // Encodes it for a network that get() gave, which takes its time, unless it was among the last.
  EncodedText encode(const std::string& text, Loaded& loaded);

  // Names of those that are in memory.
  std::set<std::string> loaded() const;

 private:
  using Key = std::pair<std::string, models::Precision>;

  std::shared_ptr<Loaded> load(const ServedModel& model, models::Precision precision) const;
  bool has_room(const ServedModel& model);
  void put_away_broken(const Key& key);
  bool must_rest(const Key& key) const;
  void note_waiting(const Key& key);
  models::Qwen3Prompts& encoder_of(int64_t tokens);
  void note_loaded();

  ShelfOptions options_;
  std::function<void()> notify_;
  std::string text_encoder_hash_;
  std::map<Key, std::shared_ptr<Loaded>> networks_;
  std::map<Key, std::future<std::shared_ptr<Loaded>>> loading_;
  Key last_;  // that was advanced
  struct Waiting {
    Key key;
    double since = 0, asked = 0;  // steady_seconds(); it may not be wanted any more
  };
  std::optional<Waiting> waiting_;                                     // that has found no room
  std::map<int64_t, std::unique_ptr<models::Qwen3Prompts>> encoders_;  // by the tokens of a text
  std::list<std::pair<std::string, EncodedText>> texts_;               // the last ones first
  mutable std::mutex mutex_;
  std::set<std::string> names_;  // of what is in memory
};

}  // namespace pixnerd::serve
