#include "cli/retrieval.h"

#include <cstdio>
#include <iostream>
#include <utility>

#include "cli/words.h"
#include "core/errors.h"
#include "core/text.h"
#include "data/shard_paths.h"
#include "text/unicode.h"

namespace pixnerd::cli {
namespace {

constexpr int64_t kFolds = 10;
constexpr size_t kMostConfusions = 20, kMostTakenFor = 3;

void require_classes(const std::vector<eval::Asked>& asked) {
  for (size_t i = 0; i < asked.size(); ++i) {
    if (!asked[i].classes.empty()) continue;
    throw DataError(concat("picture ", i + 1,
                           " is to show nothing that has a name; give \"classes\" with every prompt, ",
                           "or draw --labels-from a set with classes"));
  }
}

config::Value share(double value) {
  return config::plain_value(shortest(value));
}

config::Value json_of(const eval::Rates& rates) {
  config::Value all = config::map_value({{"pictures", config::plain_value(concat(rates.pictures))},
                                         {"top1", share(rates.top1)},
                                         {"top5", share(rates.top5)}});
  if (rates.styled > 0) all.fields.emplace_back("style", share(rates.style));
  return all;
}

// "languages" of "language".
std::string plural(const std::string& kind) {
  return kind == "classes together" ? "together" : concat(kind, "s");
}

void print_line(const std::string& what, const std::string& pictures, const std::string& top1, const std::string& top5,
                const std::string& style) {
  char numbers[80];
  std::snprintf(numbers, sizeof(numbers), "%10s %9s %9s %9s", pictures.c_str(), top1.c_str(), top5.c_str(),
                style.c_str());
  const std::string text = numbers;
  const std::string space(what.size() < 32 ? 32 - what.size() : 1, ' ');
  std::cout << what << space << text.substr(0, text.find_last_not_of(' ') + 1) << '\n';
}

std::string percent(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", 100 * value);
  return text;
}

void print_line(const std::string& what, const eval::Rates& rates) {
  print_line(what, concat(rates.pictures), percent(rates.top1), percent(rates.top5),
             rates.styled > 0 ? percent(rates.style) : "");
}

void print_confusion(const eval::Confusion& confusion) {
  std::vector<std::string> others;
  for (const auto& [name, count] : confusion.taken_for) {
    if (others.size() < kMostTakenFor) others.push_back(concat(printable(name), " (", count, ")"));
  }
  std::cout << "  " << printable(confusion.name) << ": " << confusion.found << " of " << confusion.pictures
            << ", taken for " << join(others, ", ") << '\n';
}

}  // namespace

std::shared_ptr<const data::PictureSet> labelled_set(const std::string& path, const std::vector<std::string>& include) {
  if (data::is_there(path) && !eval::takes_patterns(path)) {
    throw DataError(
        concat(quoted(path), " does not say what its pictures show; --retrieval takes class folders and ", "shards"));
  }
  data::DataConfig config;
  config.path = path;
  config.include = include;
  config.styles = true;
  return data::open_pictures(config);
}

RetrievalRun::RetrievalRun(const EvalFlags& flags, const BatchedExtractor& network, eval::PictureSize size,
                           std::vector<eval::Asked> asked)
    : seed_(flags.settings.seed), asked_(std::move(asked)) {
  require_classes(asked_);
  const eval::Needs needs{true, false, false};
  eval::LabelledPictures real(labelled_set(flags.reference, flags.include), flags.crop, size);
  check_known(asked_, real.shown());
  eval::Exemplars exemplars{network.features_of(real, needs, "reference"), real.shown()}, more;
  if (!flags.judge_also.empty()) {
    eval::LabelledPictures others(labelled_set(flags.judge_also, {}), flags.crop, size);
    more = {network.features_of(others, needs, "judge-also"), others.shown()};
  }
  if (network.is_first()) judge_ = std::make_unique<const eval::Judge>(std::move(exemplars), std::move(more));
}

RetrievalFindings RetrievalRun::findings(const eval::Features& features) const {
  RetrievalFindings findings;
  findings.folds = kFolds;
  findings.exemplars = judge_->exemplars();
  findings.classes = std::ssize(judge_->classes());
  findings.unseen = rates_of(judge_->shown(), judge_->of_unseen(kFolds, seed_));
  findings.drawn = retrieval_of(asked_, judge_->opinions(features, asked_), kMostConfusions);
  return findings;
}

void print_retrieval(const RetrievalFindings& findings) {
  std::cout << "real pictures that the judge has not seen (" << findings.folds << " folds): top-1 "
            << percent(findings.unseen.top1) << " %, top-5 " << percent(findings.unseen.top5) << " %, style "
            << percent(findings.unseen.style) << " % of " << findings.unseen.pictures << ", among " << findings.classes
            << " classes; it learns from " << findings.exemplars << '\n';
  print_line("recognised, %", "pictures", "top-1", "top-5", "style");
  print_line("all", findings.drawn.all);
  for (const eval::Group& group : findings.drawn.groups) {
    print_line(concat(group.kind, " ", printable(group.name)), group.rates);
  }
  if (const double mean = mean_top5(findings.drawn, "language"); mean > 0) {
    print_line("mean over languages", "", "", percent(mean), "");
  }
  if (!findings.drawn.confusions.empty()) std::cout << "least recognised:\n";
  for (const eval::Confusion& confusion : findings.drawn.confusions) print_confusion(confusion);
  std::cout << std::flush;
}

config::Value json_of(const RetrievalFindings& findings) {
  config::Value unseen = json_of(findings.unseen);
  unseen.fields.emplace_back("folds", config::plain_value(concat(findings.folds)));
  config::Value all = config::map_value({{"classes", config::plain_value(concat(findings.classes))},
                                         {"exemplars", config::plain_value(concat(findings.exemplars))},
                                         {"unseen", unseen},
                                         {"all", json_of(findings.drawn.all)}});
  for (const eval::Group& group : findings.drawn.groups) {
    const std::string kind = plural(group.kind);
    if (all.find(kind) == nullptr) all.fields.emplace_back(kind, config::map_value({}));
    all.fields.back().second.fields.emplace_back(text::repaired(group.name), json_of(group.rates));
  }
  config::Value confusions;
  confusions.kind = config::Value::Kind::list;
  for (const eval::Confusion& confusion : findings.drawn.confusions) {
    config::Value taken_for = config::map_value({});
    for (const auto& [name, count] : confusion.taken_for) {
      taken_for.fields.emplace_back(text::repaired(name), config::plain_value(concat(count)));
    }
    confusions.items.push_back(config::map_value({{"class", words(confusion.name)},
                                                  {"pictures", config::plain_value(concat(confusion.pictures))},
                                                  {"found", config::plain_value(concat(confusion.found))},
                                                  {"taken_for", taken_for}}));
  }
  all.fields.emplace_back("confusions", confusions);
  return all;
}

}  // namespace pixnerd::cli
