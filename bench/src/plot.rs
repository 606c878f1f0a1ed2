//! Curves as SVG: both axes logarithmic, so that what does not grow is level, whatever it costs.

use std::fmt::Write as _;

/// A line, by its points.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 290.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
/// Colours that people who see few can tell apart (Okabe and Ito).
const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#888888"];

/// A logarithmic axis.
struct Axis {
    from: f64,
    to: f64,
    begin: f64,
    end: f64,
}

impl Axis {
    /// Whole powers of ten around all `values`.
    fn of(values: impl Iterator<Item = f64> + Clone, begin: f64, end: f64) -> Self {
        let from = values.clone().fold(f64::INFINITY, f64::min).max(1e-9).log10().floor();
        let to = values.fold(1e-9, f64::max).log10().ceil().max(from + 1.0);
        Self { from, to, begin, end }
    }

    fn place(&self, value: f64) -> f64 {
        self.begin + (value.max(1e-9).log10() - self.from) / (self.to - self.from) * (self.end - self.begin)
    }

    fn powers(&self) -> impl Iterator<Item = f64> {
        (self.from as i32..=self.to as i32).map(|power| 10f64.powi(power))
    }
}

/// A picture of these lines.
pub(crate) fn svg(title: &str, x_name: &str, y_name: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let across = Axis::of(points().map(|(x, _)| *x), LEFT, WIDTH - RIGHT);
    let up = Axis::of(points().map(|(_, y)| *y), HEIGHT - BOTTOM, TOP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{}</text>\n",
        escape(title)
    );
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for x in across.powers() {
        let place = across.place(x);
        writeln!(
            svg,
            "<line x1=\"{place:.1}\" y1=\"{TOP}\" x2=\"{place:.1}\" y2=\"{bottom}\" stroke=\"#ddd\"/>\
             <text x=\"{place:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 18.0,
            thousands(x)
        )
        .unwrap();
    }
    for y in up.powers() {
        let place = up.place(y);
        writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{place:.1}\" x2=\"{right}\" y2=\"{place:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{y}</text>",
            LEFT - 8.0,
            place + 4.0
        )
        .unwrap();
    }
    writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
         <text x=\"16\" y=\"{}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {})\">{}</text>",
        f64::midpoint(LEFT, right),
        HEIGHT - 12.0,
        escape(x_name),
        f64::midpoint(TOP, bottom),
        f64::midpoint(TOP, bottom),
        escape(y_name)
    )
    .unwrap();
    for (number, line) in lines.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        // Beyond the colours, lines are told apart by their dashes.
        let dashes = if number < COLOURS.len() { "" } else { " stroke-dasharray=\"5 3\"" };
        let place = |(x, y): &(f64, f64)| format!("{:.1},{:.1}", across.place(*x), up.place(*y));
        let path: Vec<String> = line.points.iter().map(place).collect();
        writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes} points=\"{}\"/>",
            path.join(" ")
        )
        .unwrap();
        for (x, y) in &line.points {
            let (x, y) = (across.place(*x), up.place(*y));
            writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>").unwrap();
        }
        let y = TOP + 16.0 * number as f64;
        writeln!(
            svg,
            "<line x1=\"{}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            right + 16.0,
            right + 40.0,
            right + 46.0,
            y + 4.0,
            escape(&line.name)
        )
        .unwrap();
    }
    svg + "</svg>\n"
}

/// A whole number with commas, or a small one as it is.
pub(crate) fn thousands(number: f64) -> String {
    if number < 1.0 {
        return number.to_string();
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_line_is_level() {
        let line = Line { name: "a < b".into(), points: vec![(1000.0, 0.02), (1_000_000.0, 0.02)] };

        let svg = svg("t", "x", "y", &[line]);

        assert!(svg.contains("points=\"70.0,256.7 570.0,256.7\""), "{svg}");
        assert!(svg.contains("a &lt; b"));
    }

    #[test]
    fn long_numbers_have_commas() {
        assert_eq!([0.01, 999.0, 1000.0, 1_234_567.0].map(thousands), ["0.01", "999", "1,000", "1,234,567"]);
    }
}
