#include "svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <sstream>

namespace bench {

namespace {

constexpr double width = 960;
constexpr double height = 460;
constexpr double left = 72;
constexpr double right = width - 24;
constexpr double top = 92;
// Told apart by everyone: Okabe and Ito's colours. Warm ones are Geyser's in every plot.
constexpr std::array<const char*, 4> own_colours{"#d55e00", "#e69f00", "#cc79a7", "#f0e442"};
constexpr std::array<const char*, 4> colours{"#999999", "#56b4e9", "#0072b2", "#009e73"};

std::vector<const char*> colours_of(const std::vector<std::string>& series) {
  std::vector<const char*> result;
  std::size_t own = 0;
  for (const std::string& name : series) {
    const bool ours = name.starts_with("feed") || name.starts_with("geyser");
    const std::size_t others = result.size() - own;
    result.push_back(ours ? own_colours[own % own_colours.size()] : colours[others % colours.size()]);
    own += ours ? 1 : 0;
  }
  return result;
}

std::string escape(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<') {
      safe += "&lt;";
    } else if (c == '&') {
      safe += "&amp;";
    } else {
      safe += c;
    }
  }
  return safe;
}

class Drawing {
 public:
  Drawing() {
    out_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height << "\" width=\""
         << width << "\" height=\"" << height << "\" font-family=\"sans-serif\" font-size=\"12\">\n"
         << "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  }
  void text(double x, double y, const std::string& words, const char* style = "") {
    out_ << "<text x=\"" << x << "\" y=\"" << y << "\" fill=\"#222222\" " << style << '>' << escape(words)
         << "</text>\n";
  }
  void line(double x1, double y1, double x2, double y2, const char* style) {
    out_ << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2 << "\" " << style << "/>\n";
  }
  void box(double x, double y, double w, double h, const char* fill) {
    out_ << "<rect x=\"" << x << "\" y=\"" << y << "\" width=\"" << w << "\" height=\"" << h << "\" fill=\"" << fill
         << "\"/>\n";
  }
  void dot(double x, double y, double radius, const char* fill) {
    out_ << "<circle cx=\"" << x << "\" cy=\"" << y << "\" r=\"" << radius << "\" fill=\"" << fill << "\"/>\n";
  }
  void curve(const std::vector<std::array<double, 2>>& points, const char* colour) {
    out_ << "<polyline fill=\"none\" stroke=\"" << colour << "\" stroke-width=\"2\" points=\"";
    for (const auto& [x, y] : points) out_ << x << ',' << y << ' ';
    out_ << "\"/>\n";
  }
  void head(const std::string& title, const std::string& note, const std::vector<std::string>& series) {
    text(left, 26, title, "font-size=\"16\" font-weight=\"bold\"");
    text(left, 46, note, "fill-opacity=\"0.75\"");
    const auto series_colours = colours_of(series);
    double x = left;
    for (std::size_t i = 0; i < series.size(); ++i) {
      box(x, 60, 12, 12, series_colours[i]);
      text(x + 18, 70, series[i]);
      x += 32 + 6.2 * static_cast<double>(series[i].size());
    }
  }
  std::string finish() {
    out_ << "</svg>\n";
    return out_.str();
  }

 private:
  std::ostringstream out_;
};

std::string number(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// Whole decades around everything that is shown.
struct Decades {
  double low = 1;
  double high = 10;
  double bottom = 0;
  double y(double value) const {
    const double part = (std::log10(std::max(value, low)) - std::log10(low)) / (std::log10(high) - std::log10(low));
    return bottom - part * (bottom - top);
  }
};

Decades decades_of(const BarChart& chart, double bottom) {
  double low = chart.goal.value > 0 ? chart.goal.value : HUGE_VAL;
  double high = chart.goal.value;
  for (const auto& group : chart.bars) {
    for (const Bar& bar : group) {
      if (bar.value <= 0) continue;
      low = std::min(low, bar.value);
      high = std::max({high, bar.value, bar.high, bar.higher});
    }
  }
  if (high <= 0) return {1, 10, bottom};
  Decades decades{std::pow(10, std::floor(std::log10(low))), std::pow(10, std::ceil(std::log10(high))), bottom};
  // A bar of no height says nothing.
  if (low < decades.low * 1.5) decades.low /= 10;
  if (decades.high <= decades.low) decades.high = decades.low * 10;
  return decades;
}

constexpr const char* grid = "stroke=\"#dddddd\"";
constexpr const char* axis = "stroke=\"#222222\"";
constexpr const char* end = "text-anchor=\"end\"";
constexpr const char* middle = "text-anchor=\"middle\"";
constexpr const char* goal_style = "stroke=\"#222222\" stroke-dasharray=\"6 4\"";

// A round step that gives some five lines.
double step_for(double span) {
  const double rough = span / 5;
  const double decade = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * decade) return factor * decade;
  }
  return 10 * decade;
}

std::string rotated(double x, double y) {
  return "text-anchor=\"middle\" transform=\"rotate(-90 " + number(x) + ' ' + number(y) + ")\"";
}

void draw_bar(Drawing& drawing, const Bar& bar, const Decades& decades, double x, double thickness,
              const char* colour) {
  if (bar.value <= 0) return;
  const double y = decades.y(bar.value);
  drawing.box(x, y, thickness, decades.bottom - y, colour);
  const double centre = x + thickness / 2;
  if (bar.high > bar.value) {
    drawing.line(centre, y, centre, decades.y(bar.high), axis);
    drawing.line(centre - 3, decades.y(bar.high), centre + 3, decades.y(bar.high), axis);
  }
  if (bar.higher > 0) drawing.dot(centre, decades.y(bar.higher), 2, "#222222");
}

}  // namespace

std::string draw(const BarChart& chart) {
  const double bottom = height - 52;
  const Decades decades = decades_of(chart, bottom);
  const auto series_colours = colours_of(chart.series);
  Drawing drawing;
  drawing.head(chart.title, chart.note, chart.series);
  for (double decade = decades.low; decade <= decades.high * 1.001; decade *= 10) {
    for (const int part : {1, 2, 5}) {
      const double value = decade * part;
      if (value > decades.high * 1.001) break;
      drawing.line(left, decades.y(value), right, decades.y(value), grid);
      drawing.text(left - 8, decades.y(value) + 4, number(value), end);
    }
  }
  const double y_middle = (top + bottom) / 2;
  drawing.text(20, y_middle, chart.unit, rotated(20, y_middle).c_str());
  const double room = (right - left) / static_cast<double>(std::max<std::size_t>(1, chart.groups.size()));
  const double thickness =
      std::min(40.0, room * 0.8 / static_cast<double>(std::max<std::size_t>(1, chart.series.size())));
  for (std::size_t g = 0; g < chart.groups.size(); ++g) {
    const double centre = left + (static_cast<double>(g) + 0.5) * room;
    const std::vector<Bar>& bars = chart.bars[g];
    double x = centre - thickness * static_cast<double>(bars.size()) / 2;
    for (std::size_t s = 0; s < bars.size(); ++s, x += thickness) {
      draw_bar(drawing, bars[s], decades, x + 1, thickness - 2, series_colours[s]);
    }
    std::istringstream lines(chart.groups[g]);
    std::string line;
    for (double y = bottom + 18; std::getline(lines, line); y += 16) drawing.text(centre, y, line, middle);
  }
  drawing.line(left, bottom, right, bottom, axis);
  if (chart.goal.value > 0) {
    drawing.line(left, decades.y(chart.goal.value), right, decades.y(chart.goal.value), goal_style);
    drawing.text(right, decades.y(chart.goal.value) - 6, chart.goal.label, end);
  }
  return drawing.finish();
}

std::string draw(const LineChart& chart) {
  const double bottom = height - 60;
  double high_x = 0;
  double high_y = 0;
  std::vector<std::string> names;
  for (const double x : chart.x) high_x = std::max(high_x, x);
  for (const auto& series : chart.series) {
    names.push_back(series.name);
    for (const double y : series.y) high_y = std::max(high_y, y);
  }
  const auto series_colours = colours_of(names);
  if (high_x <= 0) high_x = 1;
  if (high_y <= 0) high_y = 1;
  const double step = step_for(high_y);
  high_y = std::ceil(high_y / step) * step;
  const auto to_x = [&](double x) { return left + x / high_x * (right - left - 12); };
  const auto to_y = [&](double y) { return bottom - y / high_y * (bottom - top); };
  Drawing drawing;
  drawing.head(chart.title, chart.note, names);
  for (double y = 0; y <= high_y * 1.001; y += step) {
    drawing.line(left, to_y(y), right, to_y(y), grid);
    drawing.text(left - 8, to_y(y) + 4, number(y), end);
  }
  double last = -HUGE_VAL;
  for (const double x : chart.x) {
    drawing.line(to_x(x), bottom, to_x(x), bottom + 5, axis);
    if (to_x(x) - last < 18) continue;
    drawing.text(to_x(x), bottom + 20, number(x), middle);
    last = to_x(x);
  }
  drawing.line(left, bottom, right, bottom, axis);
  drawing.text((left + right) / 2, bottom + 42, chart.x_label, middle);
  const double y_middle = (top + bottom) / 2;
  drawing.text(20, y_middle, chart.y_label, rotated(20, y_middle).c_str());
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const char* colour = series_colours[i];
    std::vector<std::array<double, 2>> points;
    for (std::size_t k = 0; k < std::min(chart.x.size(), chart.series[i].y.size()); ++k) {
      points.push_back({to_x(chart.x[k]), to_y(chart.series[i].y[k])});
    }
    drawing.curve(points, colour);
    for (const auto& [x, y] : points) drawing.dot(x, y, 3, colour);
  }
  return drawing.finish();
}

}  // namespace bench
