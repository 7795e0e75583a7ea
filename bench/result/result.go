// Package result is what a benchmark tells: tables for people, and one line of JSON for machines, in the same form for
// every benchmark.
package result

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Result is what one benchmark found. As JSON it is the last line that `jingwei bench NAME --json` prints.
type Result struct {
	Name     string            `json:"name"`
	Figures  map[string]any    `json:"figures"`
	Goals    []Goal            `json:"goals"`
	Seed     uint64            `json:"seed"`
	Versions map[string]string `json:"versions"`
	Notes    []string          `json:"notes,omitempty"` // what was left out, and why
}

// Goal is a figure and what it must not exceed or must reach, or a fact that must hold (value 1 of goal 1).
type Goal struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Goal  float64 `json:"goal"`
	Met   bool    `json:"met"`
}

// New begins a result.
func New(name string, seed uint64) *Result {
	return &Result{Name: name, Seed: seed, Figures: map[string]any{}, Goals: []Goal{}, Versions: map[string]string{}}
}

// AtMost judges a figure that must not exceed goal.
func (r *Result) AtMost(name string, value, goal float64) {
	r.Goals = append(r.Goals, Goal{Name: name + ", at most", Value: round(value), Goal: round(goal), Met: value <= goal})
}

// AtLeast judges a figure that must reach goal.
func (r *Result) AtLeast(name string, value, goal float64) {
	r.Goals = append(r.Goals, Goal{Name: name + ", at least", Value: round(value), Goal: round(goal), Met: value >= goal})
}

// Holds judges a fact.
func (r *Result) Holds(name string, met bool) {
	g := Goal{Name: name, Goal: 1, Met: met}
	if met {
		g.Value = 1
	}
	r.Goals = append(r.Goals, g)
}

// Note says what a reader must know of the figures.
func (r *Result) Note(format string, a ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, a...)) }

// Met tells whether every goal that was judged is met.
func (r *Result) Met() bool {
	return !slices.ContainsFunc(r.Goals, func(g Goal) bool { return !g.Met })
}

// Summary prints goals, versions and notes for people.
func (r *Result) Summary(w io.Writer) error {
	var b strings.Builder
	t := Table{Head: []string{"goal", "value", "wanted", ""}}
	for _, g := range r.Goals {
		met := "met"
		if !g.Met {
			met = "NOT MET"
		}
		t.Add(g.Name, Number(g.Value), Number(g.Goal), met)
	}
	if len(r.Goals) > 0 {
		b.WriteString("\n" + t.String())
	}
	for _, n := range r.Notes {
		b.WriteString("\nnote: " + n)
	}
	if len(r.Notes) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\nseed %d", r.Seed)
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		fmt.Fprintf(&b, ", %s %s", name, r.Versions[name])
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON prints the result as one line.
func (r *Result) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Median returns the middle of the values and how far they are spread. It returns zeros for none.
func Median(v []float64) Spread {
	if len(v) == 0 {
		return Spread{}
	}
	v = slices.Sorted(slices.Values(v))
	m := v[len(v)/2]
	if len(v)%2 == 0 {
		m = (v[len(v)/2-1] + m) / 2
	}
	return Spread{Median: round(m), Least: round(v[0]), Most: round(v[len(v)-1]), Runs: len(v)}
}

// Spread is the median of several runs.
type Spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
	Runs   int     `json:"runs"`
}

func (s Spread) String() string {
	if s.Runs < 2 {
		return Number(s.Median)
	}
	return fmt.Sprintf("%s [%s–%s]", Number(s.Median), Number(s.Least), Number(s.Most))
}

// round keeps four digits: no figure of a benchmark has more.
func round(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

// Number prints a figure with three digits.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case v == math.Trunc(v) && a < 1e6:
		return fmt.Sprintf("%.0f", v)
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// Table is rows of text under a head; the first column stands left, the others right.
type Table struct {
	Head []string
	rows [][]string
}

// Add adds a row; missing cells are empty.
func (t *Table) Add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *Table) String() string {
	width := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.rows...) {
		for i, c := range row {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	line := func(row []string) {
		for i := range t.Head {
			cell := ""
			if i < len(row) {
				cell = row[i]
			}
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteString("\n")
	}
	line(t.Head)
	for i, w := range width {
		if i > 0 {
			b.WriteString("  ")
		}
		b.WriteString(strings.Repeat("─", w))
	}
	b.WriteString("\n")
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}
