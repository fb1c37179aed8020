// Two sorts of plot as SVG: grouped bars on a logarithmic axis, and lines.
#pragma once

#include <string>
#include <vector>

namespace bench {

// A line across the plot.
struct Goal {
  double value = 0;  // 0: none
  std::string label;
};

struct Bar {
  double value = 0;   // 0: no bar
  double high = 0;    // a whisker up to there
  double higher = 0;  // and a dot
};
struct BarChart {
  std::string title;
  std::string note;  // what bars, whiskers and dots are
  std::string unit;
  std::vector<std::string> groups;     // '\n' parts lines
  std::vector<std::string> series;     // one colour each
  std::vector<std::vector<Bar>> bars;  // by group, then series
  Goal goal;
};
std::string draw(const BarChart& chart);

struct LineChart {
  std::string title;
  std::string note;
  std::string x_label;
  std::string y_label;
  struct Series {
    std::string name;
    std::vector<double> y;
  };
  std::vector<double> x;
  std::vector<Series> series;
};
std::string draw(const LineChart& chart);

}  // namespace bench
