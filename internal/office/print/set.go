package print

import (
	"bytes"
	"fmt"
)

// Measures, in thousandths of a point.
const (
	pt         = 1000
	pageWidth  = 595_276 // A4
	pageHeight = 841_890
	left       = 56 * pt // 20 mm
	right      = pageWidth - left
	top        = 68 * pt
	bottom     = pageHeight - 60*pt
	inside     = right - left
	padding    = 4 * pt
)

// Sizes of the type, in points.
const (
	body  = 10
	small = 8
)

// leading is from line to line.
func leading(size int) int { return size * 1450 }

// setter puts blocks on pages. y is from the top of the page.
type setter struct {
	used  *used
	zh    bool
	pages []*bytes.Buffer
	y     int
	empty bool // nothing stands on the page yet
	bare  bool // pages have no header, footer and number
}

func (s *setter) page() *bytes.Buffer { return s.pages[len(s.pages)-1] }

func (s *setter) turn() {
	s.pages = append(s.pages, &bytes.Buffer{})
	s.y, s.empty = top, true
}

// need begins a page where a height does not fit any more, unless the page is empty.
func (s *setter) need(height int) {
	if s.y+height > bottom && !s.empty {
		s.turn()
	}
}

// number writes thousandths as a decimal.
func number(v int) string {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	if v%1000 == 0 {
		return fmt.Sprintf("%s%d", sign, v/1000)
	}
	return fmt.Sprintf("%s%d.%03d", sign, v/1000, v%1000)
}

// write puts a line of text with its top at y.
func (s *setter) write(p *bytes.Buffer, x, y, size int, bold bool, line string) {
	if line == "" {
		return
	}
	base := pageHeight - (y + leading(size)/2 + s.used.face.capital*size/2)
	mode := ""
	if bold { // the type has one weight: its outlines are drawn, too
		mode = fmt.Sprintf(" 2 Tr %s w", number(size*24))
	}
	fmt.Fprintf(p, "BT /F1 %d Tf%s %s %s Td <", size, mode, number(x), number(base))
	for _, r := range line {
		fmt.Fprintf(p, "%04X", s.used.of(r))
	}
	p.WriteString("> Tj")
	if bold {
		p.WriteString(" 0 Tr")
	}
	p.WriteString(" ET\n")
}

func (s *setter) line(p *bytes.Buffer, x1, y1, x2, y2 int) {
	fmt.Fprintf(p, "0.5 w 0.6 G %s %s m %s %s l S 0 G\n", number(x1), number(pageHeight-y1), number(x2), number(pageHeight-y2))
}

func (s *setter) shade(p *bytes.Buffer, x, y, w, h int) {
	fmt.Fprintf(p, "0.93 0.95 0.97 rg %s %s %s %s re f 0 g\n", number(x), number(pageHeight-y-h), number(w), number(h))
}

// text sets running text over the whole width.
func (s *setter) text(t string, size int, bold bool) {
	for _, l := range s.used.lines(t, size, inside) {
		s.need(leading(size))
		s.write(s.page(), left, s.y, size, bold, l)
		s.y, s.empty = s.y+leading(size), false
	}
}

func (h Heading) set(s *setter) {
	size, before := 13, 12*pt
	switch h.Level {
	case 1:
		size, before = 18, 0
	case 3:
		size, before = 11, 8*pt
	}
	lines := s.used.lines(h.Text, size, inside)
	if !s.empty {
		s.y += before
	}
	s.need(len(lines)*leading(size) + 3*leading(body)) // not alone at the end of a page
	for _, l := range lines {
		s.need(leading(size))
		x := left
		if h.Level == 1 {
			x += max(0, (inside-s.used.width(l, size))/2)
		}
		s.write(s.page(), x, s.y, size, true, l)
		s.y, s.empty = s.y+leading(size), false
	}
	s.y += 4 * pt
}

func (p Paragraph) set(s *setter) {
	size := body
	if p.Small {
		size = small
	}
	s.text(p.Text, size, false)
	s.y += 4 * pt
}

func (p Pairs) set(s *setter) {
	t := grid{widths: []int{inside * 28 / 100, inside - inside*28/100}, named: true}
	for _, x := range p {
		t.row(s, []string{x.Name, x.Value})
	}
	s.y += 8 * pt
}

func (t Table) set(s *setter) {
	if t.Name != "" {
		s.need(leading(11) + 4*leading(small))
		s.text(t.Name, 11, true)
		s.y += 2 * pt
	}
	g := grid{size: 9}
	shares := 0
	for _, c := range t.Columns {
		shares += max(1, c.Share)
	}
	x := 0
	for i, c := range t.Columns {
		w := inside * max(1, c.Share) / shares
		if i == len(t.Columns)-1 {
			w = inside - x
		}
		x += w
		g.widths, g.right, g.heading = append(g.widths, w), append(g.right, c.Right), append(g.heading, c.Name)
	}
	if len(g.widths) == 0 {
		return
	}
	s.need(6 * leading(9))
	g.head(s)
	for _, r := range t.Rows {
		g.row(s, r)
	}
	s.y += 8 * pt
}

// grid sets rows of cells.
type grid struct {
	widths  []int
	right   []bool
	heading []string // stands on each page; nil for none
	named   bool     // the first column is a heading
	size    int
}

func (g *grid) typeSize() int {
	if g.size == 0 {
		return body
	}
	return g.size
}

// maxHeading bounds the lines of a table's heading, so that there is room below it.
const maxHeading = 8

func (g *grid) head(s *setter) {
	if g.heading != nil {
		h := grid{widths: g.widths, right: g.right, size: g.size}
		h.put(s, h.cells(s, g.heading), 0, maxHeading, true)
	}
}

func (g *grid) cells(s *setter, row []string) (out [][]string) {
	for i, w := range g.widths {
		cell := ""
		if i < len(row) {
			cell = row[i]
		}
		out = append(out, s.used.lines(cell, g.typeSize(), w-2*padding))
	}
	return out
}

// row sets a row. One that is higher than what is left goes to the next page; one that is higher than a page is cut.
func (g *grid) row(s *setter, row []string) {
	cells := g.cells(s, row)
	most := 1
	for _, c := range cells {
		most = max(most, len(c))
	}
	step := leading(g.typeSize())
	turned := false
	for from := 0; from < most; {
		fits := (bottom - s.y - 2*padding) / step
		if rest := most - from; !turned && !s.empty && fits < rest && (fits < 3 || from == 0 && rest*step+2*padding <= bottom-top-2*step) {
			s.turn()
			g.head(s)
			turned = true
			continue
		}
		turned = false
		n := max(1, min(most-from, fits))
		g.put(s, cells, from, n, false)
		from += n
	}
}

// put sets lines [from, from+n) of cells.
func (g *grid) put(s *setter, cells [][]string, from, n int, heading bool) {
	most := 0
	for _, c := range cells {
		most = max(most, min(len(c)-from, n))
	}
	size := g.typeSize()
	height := most*leading(size) + 2*padding
	p, x := s.page(), left
	if heading {
		s.shade(p, left, s.y, inside, height)
	} else if g.named {
		s.shade(p, left, s.y, g.widths[0], height)
	}
	for i, c := range cells {
		for j := range most {
			if from+j >= len(c) {
				break
			}
			at := x + padding
			if i < len(g.right) && g.right[i] {
				at = x + g.widths[i] - padding - s.used.width(c[from+j], size)
			}
			s.write(p, at, s.y+padding+j*leading(size), size, heading, c[from+j])
		}
		s.line(p, x, s.y, x, s.y+height)
		x += g.widths[i]
	}
	s.line(p, x, s.y, x, s.y+height)
	s.line(p, left, s.y, x, s.y)
	s.line(p, left, s.y+height, x, s.y+height)
	s.y, s.empty = s.y+height, false
}

const (
	slotHeight = 92 * pt
	perRow     = 3
)

func (list Signatures) set(s *setter) {
	for len(list) > 0 {
		row := list[:min(perRow, len(list))]
		list = list[len(row):]
		s.need(slotHeight + 8*pt)
		s.y += 8 * pt
		w := inside / len(row)
		sign, date, seal := "签字：", "日期：        年    月    日", "（盖章）"
		if !s.zh {
			sign, date, seal = "Signature:", "Date:", "(seal)"
		}
		p := s.page()
		for i, slot := range row {
			x := left + i*w
			s.write(p, x, s.y, body, true, slot.Name)
			s.write(p, x, s.y+26*pt, body, false, sign)
			s.line(p, x+52*pt, s.y+40*pt, x+w-16*pt, s.y+40*pt)
			s.write(p, x, s.y+52*pt, body, false, date)
			if slot.Seal {
				s.write(p, x, s.y+74*pt, small, false, seal)
			}
		}
		s.y, s.empty = s.y+slotHeight, false
	}
}
