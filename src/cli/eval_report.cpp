#include "cli/eval_report.h"

#include <cstdio>
#include <iostream>
#include <optional>

#include "cli/words.h"
#include "config/json.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

std::string described(const Seen& seen) {
  return concat(seen.network, seen.is_published.value_or(false) ? " (the published weights)" : "");
}

config::Value list_of(const std::vector<std::string>& texts) {
  config::Value list;
  list.kind = config::Value::Kind::list;
  for (const std::string& each : texts) list.items.push_back(words(each));
  return list;
}

// What all output for programs begins with.
config::Value begun(const Seen& seen) {
  config::Value all = config::map_value({{"pictures", config::plain_value(concat(seen.pictures))}});
  if (!seen.network.empty()) all.fields.emplace_back("network", config::text_value(seen.network));
  if (seen.is_published) {
    all.fields.emplace_back("published_weights", config::plain_value(*seen.is_published ? "true" : "false"));
  }
  return all;
}

void print_metrics(const eval::Report& report, const Seen& seen) {
  const auto print = [](const std::string& metric, const std::string& value, const std::string& half_width,
                        const std::string& deviation) {
    char line[160];
    std::snprintf(line, sizeof(line), "%-10s %12s %14s %12s", metric.c_str(), value.c_str(), half_width.c_str(),
                  deviation.c_str());
    const std::string text = line;
    std::cout << text.substr(0, text.find_last_not_of(' ') + 1) << '\n';
  };
  print("metric", "value", "95 % +-", "deviation");
  for (const eval::Result& each : report.results) {
    print(eval::name_of(each.metric, seen.kind), number(each.value), each.half_width ? number(*each.half_width) : "",
          each.deviation ? number(*each.deviation) : "");
  }
}

std::string number_or_none(const std::optional<double>& value) {
  return value ? number(*value) : "none, they are flat";
}

void print_borders(const BorderFindings& borders) {
  std::cout << "differences across borders of " << borders.patch << "x" << borders.patch
            << " patches over those inside: " << number_or_none(borders.pictures);
  if (borders.reference) std::cout << ", of the reference " << number(*borders.reference);
  std::cout << '\n';
}

config::Value json_of(const eval::Result& result) {
  config::Value all = config::map_value({});
  const auto add = [&](const char* key, const std::optional<double>& value) {
    if (value) all.fields.emplace_back(key, config::plain_value(shortest(*value)));
  };
  add("value", result.value);
  add("half_width", result.half_width);
  add("deviation", result.deviation);
  return all;
}

config::Value json_of(const BorderFindings& borders) {
  config::Value all = config::map_value({{"patch", config::plain_value(concat(borders.patch))}});
  if (borders.pictures) all.fields.emplace_back("value", config::plain_value(shortest(*borders.pictures)));
  if (borders.reference) all.fields.emplace_back("reference", config::plain_value(shortest(*borders.reference)));
  return all;
}

}  // namespace

void print_table(const Findings& findings, const Seen& seen) {
  if (!findings.report.results.empty()) print_metrics(findings.report, seen);
  if (findings.borders) print_borders(*findings.borders);
  if (findings.retrieval) print_retrieval(*findings.retrieval);
  std::cout << "of " << seen.pictures << " pictures";
  if (!seen.network.empty()) std::cout << ", seen by " << described(seen);
  std::cout << std::endl;
}

void print_json(const Findings& findings, const Seen& seen) {
  config::Value all = begun(seen);
  for (const eval::Result& each : findings.report.results) {
    all.fields.emplace_back(eval::name_of(each.metric, seen.kind), json_of(each));
  }
  if (findings.borders) all.fields.emplace_back("borders", json_of(*findings.borders));
  if (findings.retrieval) all.fields.emplace_back("retrieval", json_of(*findings.retrieval));
  all.fields.emplace_back("warnings", list_of(findings.report.warnings));
  std::cout << config::to_json(all) << std::endl;
}

void print_saved(const std::string& file, const std::vector<eval::Metric>& metrics,
                 const std::vector<std::string>& warnings, const Seen& seen, bool as_json) {
  std::vector<std::string> names;
  for (const eval::Metric metric : metrics) names.emplace_back(eval::name_of(metric, seen.kind));
  if (!as_json) {
    std::cout << file << ": statistics of " << seen.pictures << " pictures for " << join(names, ", ") << ", seen by "
              << described(seen) << std::endl;
    return;
  }
  config::Value all = begun(seen);
  all.fields.emplace_back("statistics", words(file));
  all.fields.emplace_back("metrics", list_of(names));
  all.fields.emplace_back("warnings", list_of(warnings));
  std::cout << config::to_json(all) << std::endl;
}

}  // namespace pixnerd::cli
