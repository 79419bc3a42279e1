// An observer that writes down what it is told.
#pragma once

#include <exception>
#include <map>
#include <string>
#include <vector>

#include "core/text.h"
#include "engine/observer.h"

namespace pixnerd::engine {

struct Watch : Observer {
  void queued(PictureId id) override { log.push_back(concat("queued ", id)); }
  void started(PictureId id) override { log.push_back(concat("started ", id)); }
  void evaluated(PictureId id, const Evaluated& each) override {
    log.push_back(concat("evaluated ", id));
    estimates[id].push_back(each.estimate());
  }
  void stepped(PictureId id, const Stepped& step) override {
    log.push_back(concat("step ", step.step, "/", step.steps, " of ", id));
  }
  void done(PictureId id, const at::Tensor& x) override {
    log.push_back(concat("done ", id));
    pictures[id] = x;
  }
  void failed(PictureId id, std::exception_ptr error) override {
    log.push_back(concat("failed ", id));
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& why) {
      errors[id] = why.what();
    }
  }
  void cancelled(PictureId id) override { log.push_back(concat("cancelled ", id)); }

  std::vector<std::string> log;
  std::map<PictureId, std::vector<at::Tensor>> estimates;
  std::map<PictureId, at::Tensor> pictures;
  std::map<PictureId, std::string> errors;
};

}  // namespace pixnerd::engine
