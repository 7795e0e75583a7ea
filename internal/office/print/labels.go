package print

import (
	"bytes"
	"fmt"
)

// Labels are stickers on sheets of A4: pages without header, footer and number. Measures are in micrometres, from the upper left
// corner.
type Labels struct {
	Left, Top     int // of the first label on a page
	Across, Down  int // from one label to the next
	Columns, Rows int // on a page
	Skip          int // places of the first page that are used up
	Labels        []Label
}

// Label is what is printed on one sticker.
type Label struct {
	Boxes []Box // black
	Lines []Line
}

// Box is a black rectangle.
type Box struct{ X, Y, Width, Height int }

// Line is a line of text, its top at Y; Size is in points.
type Line struct {
	X, Y, Size int
	Bold       bool
	Text       string
}

// Width of a text in micrometres.
func Width(s string, size int) int { return toMicrometres(newUsed(regular()).width(s, size)) }

// Leading is from line to line, in micrometres.
func Leading(size int) int { return toMicrometres(leading(size)) }

// A micrometre is 2.834645669 thousandths of a point.
const (
	perMillionth = 2_834_646
	million      = 1_000_000
)

func points(um int) int { return um * perMillionth / million }

func toMicrometres(v int) int { return (v*million + perMillionth - 1) / perMillionth }

func (l Labels) set(s *setter) {
	s.bare = true
	perPage := max(1, l.Columns*l.Rows)
	for i, label := range l.Labels {
		place := (i + l.Skip) % perPage
		if place == 0 && i > 0 {
			s.turn()
		}
		x, y := l.Left+place%l.Columns*l.Across, l.Top+place/l.Columns*l.Down
		label.put(s, s.page(), x, y)
		s.empty = false
	}
}

func (l Label) put(s *setter, p *bytes.Buffer, x, y int) {
	for _, b := range l.Boxes {
		// Edges are rounded, not sizes: boxes that meet leave no gap.
		x1, y1, x2, y2 := points(x+b.X), points(y+b.Y), points(x+b.X+b.Width), points(y+b.Y+b.Height)
		fmt.Fprintf(p, "%s %s %s %s re\n", number(x1), number(pageHeight-y2), number(x2-x1), number(y2-y1))
	}
	if len(l.Boxes) > 0 {
		p.WriteString("f\n")
	}
	for _, t := range l.Lines {
		s.write(p, points(x+t.X), points(y+t.Y), t.Size, t.Bold, t.Text)
	}
}
