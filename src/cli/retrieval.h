// The part of `pixnerd eval` that judges what pictures show, and of its report.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/batched_extractor.h"
#include "cli/eval_flags.h"
#include "config/value.h"
#include "data/picture_set.h"
#include "eval/judge.h"
#include "eval/labelled_pictures.h"
#include "eval/retrieval.h"

namespace pixnerd::cli {

struct RetrievalFindings {
  eval::Rates unseen;  // of real pictures, by judges that have not seen them
  int64_t folds = 0, exemplars = 0, classes = 0;
  eval::Retrieval drawn;
};

// A set whose pictures have classes, and styles where they say so. DataError for a file of another kind.
std::shared_ptr<const data::PictureSet> labelled_set(const std::string& path, const std::vector<std::string>& include);

class RetrievalRun {
 public:
  // Collective: looks at --reference and --judge-also in the size of the pictures that are judged, and fits the judge
  // on rank 0. DataError for sets without classes, and where the reference lacks a class that is asked for.
  RetrievalRun(const EvalFlags& flags, const BatchedExtractor& network, eval::PictureSize size,
               std::vector<eval::Asked> asked);

  // On rank 0: of all pictures, in the order of `asked`.
  RetrievalFindings findings(const eval::Features& features) const;

 private:
  uint64_t seed_;
  std::vector<eval::Asked> asked_;
  std::unique_ptr<const eval::Judge> judge_;
};

// Shares in percent, a line each; the classes that are worst, with what they are taken for.
void print_retrieval(const RetrievalFindings& findings);

config::Value json_of(const RetrievalFindings& findings);

}  // namespace pixnerd::cli
