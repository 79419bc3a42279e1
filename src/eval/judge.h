// Which class a picture shows, told by linear discriminants of two views of it: what a network sees, and a thumbnail of
// 8 x 8 pixels, which tells faces apart that the network takes for one thing; and in which style it is drawn, told from
// what the network sees alone. It is fitted on real pictures, and says of itself how often it is right about real
// pictures that it has not seen. N pictures, C classes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "eval/asked.h"
#include "eval/discriminant.h"
#include "eval/features.h"

namespace pixnerd::eval {

// pictures [B, H, W, 3] uint8 -> [B, 192]: the mean colours of 8 x 8 areas, from 0 to 1.
at::Tensor thumbnails(const at::Tensor& pictures);

// What `extractor` sees, with Features::thumbnails besides.
FeatureExtractor with_thumbnails(FeatureExtractor extractor);

// Real pictures and what they show, one class each.
struct Exemplars {
  Features features;  // pooled and thumbnails
  std::vector<Asked> shown;
};

// DataError for a class that is asked for and that no picture of `shown` shows: it could not be judged.
void check_known(const std::vector<Asked>& asked, const std::vector<Asked>& shown);

// What the judge says of a picture.
struct Opinion {
  std::vector<int64_t> places;  // of each class that was asked for in the judge's order, 1 for the likeliest
  std::string named;            // the likeliest class
  std::string style;            // the likeliest style; "" if it knows none
};

class Judge {
 public:
  // Of the classes and styles that `real` shows. `more` are pictures that it learns from besides, as of other artists:
  // those of other classes are passed over, and their styles count nothing. DataError as Discriminant's.
  Judge(Exemplars real, Exemplars more);

  const std::vector<std::string>& classes() const { return classes_; }
  int64_t exemplars() const { return std::ssize(class_of_); }

  // Of pictures in the order of `asked`, whose classes are all known (check_known()).
  std::vector<Opinion> opinions(const Features& features, const std::vector<Asked>& asked) const;

  // Of every picture of `real`, by a judge that was fitted without it: in `folds` parts, drawn at random by the seed,
  // each judged by what the others teach, less those that nearly repeat one of the part.
  std::vector<Opinion> of_unseen(int64_t folds, uint64_t seed) const;
  const std::vector<Asked>& shown() const { return shown_; }  // what of_unseen() is about

 private:
  struct Fitted;

  void number_shown();
  std::vector<int64_t> numbered(const std::vector<Asked>& more);  // those of known classes
  at::Tensor view(const Features& features) const;
  Fitted fitted(const at::Tensor& rows) const;
  std::vector<Opinion> opinions(const Fitted& fitted, const at::Tensor& f, const std::vector<Asked>& asked) const;
  at::Tensor unlike(const at::Tensor& part) const;

  std::vector<Asked> shown_;
  std::vector<std::string> classes_, styles_;
  std::map<std::string, int64_t> number_of_class_;
  std::vector<int64_t> class_of_, style_of_;  // of all exemplars, `real` first; a style is -1 where it counts nothing
  double network_scale_ = 1, thumbnail_scale_ = 1;
  int64_t seen_ = 0;           // how many numbers of f the network's are, which come first
  at::Tensor thumbnails_, f_;  // of all exemplars
  std::shared_ptr<const Fitted> whole_;
};

}  // namespace pixnerd::eval
