// What happens to a picture, for whoever wants to watch it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <exception>

#include "diffusion/evaluation.h"

namespace pixnerd::engine {

using PictureId = uint64_t;

// One evaluation of the network for one picture.
struct Evaluated {
  int64_t step = 0;  // of `steps`, from 0
  bool is_guided = false;
  float t = 0;
  const at::Tensor& x;  // [1, C, H, W], as is
  const at::Tensor& v;  // guided, edited
  const diffusion::Conditioning& conditioning;

  // The picture that v leads to, x + (1 - t) v: a preview that costs nothing.
  at::Tensor estimate() const;
};

struct Stepped {
  int64_t step = 0, steps = 0;  // steps are finished of all; those that an edit leaves out count as finished
  const at::Tensor& x;          // [1, C, H, W], at the step's end
  const at::Tensor& v;          // the velocity that the step used, the solver's combination
};

// All calls but queued() come from the thread that advances the engine, and hold it up. After the last of done(),
// failed() and cancelled() there is none. What they throw makes that picture fail.
class Observer {
 public:
  virtual ~Observer() = default;

  virtual void queued(PictureId) {}  // from submit(), in its thread
  virtual void started(PictureId) {}
  virtual void evaluated(PictureId, const Evaluated&) {}
  virtual void stepped(PictureId, const Stepped&) {}
  virtual void done(PictureId, const at::Tensor&) {}  // x1 [1, C, H, W], finite
  virtual void failed(PictureId, std::exception_ptr) {}
  virtual void cancelled(PictureId) {}
};

}  // namespace pixnerd::engine
