package assess

import (
	"cmp"
	"slices"

	"jingwei/internal/kernel/text"
)

// Entry is one enterprise's result in a benchmark.
type Entry struct {
	Firm     string
	Industry string // division of GB/T 4754
	Size     string // size class
	Place    string // code of GB/T 2260
	Points   Points
	Level    int
}

// Dimension is one by which a benchmark is split.
type Dimension int

// The dimensions.
const (
	ByIndustry Dimension = iota
	BySize
	ByPlace
	dimensions
)

// Key names a cell; an empty part is "all".
type Key struct {
	Industry string `json:"industry,omitempty"`
	Size     string `json:"size,omitempty"`
	Place    string `json:"place,omitempty"`
}

func (k Key) part(d Dimension) string { return [...]string{k.Industry, k.Size, k.Place}[d] }

func (k Key) with(d Dimension, s string) Key {
	switch d {
	case ByIndustry:
		k.Industry = s
	case BySize:
		k.Size = s
	default:
		k.Place = s
	}
	return k
}

func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Industry, o.Industry), cmp.Compare(k.Size, o.Size), cmp.Compare(k.Place, o.Place))
}

// Least is the number of enterprises below which nothing is published of a cell.
const Least = 5

// few is the number of enterprises below which quartiles are bands and not values.
const few = 30

// band is the width of those bands.
const band = 5 * point

// Cell is one cell of a benchmark. Of a hidden one nothing is told.
type Cell struct {
	Key       Key    `json:"key"`
	Hidden    bool   `json:"hidden,omitempty"`
	Firms     int    `json:"firms,omitempty"`
	Levels    []int  `json:"levels,omitempty"`    // enterprises by level, from 0
	Quartiles []Band `json:"quartiles,omitempty"` // lower, median, upper
}

// Band is a range of points, both ends included; one value where both are the same.
type Band struct {
	From Points `json:"from"`
	To   Points `json:"to"`
}

// Report is the distribution of results over all combinations of its dimensions, "all" among them.
type Report struct {
	Dimensions []Dimension `json:"-"`
	Least      int         `json:"least"`
	Cells      []Cell      `json:"cells"` // by key
	Text       text.Text   `json:"text"`

	byKey map[Key]int
}

// Benchmark makes the distribution of results by any of industry, size and place. Cells of fewer than five enterprises are hidden, and as many
// others as keep them from being worked out: neither the difference of two published cells nor any linear combination of published
// cells tells a cell of fewer than five. The same entries give the same report in whatever order they come.
func Benchmark(entries []Entry, levels int, by ...Dimension) *Report {
	slices.Sort(by)
	by = slices.Compact(by)
	t := newTable(entries, by)
	t.protect()
	r := &Report{Dimensions: by, Least: Least, Cells: make([]Cell, 0, len(t.keys)), byKey: map[Key]int{}}
	hidden := 0
	for i, k := range t.keys {
		c := Cell{Key: k, Hidden: t.hidden[i]}
		if c.Hidden {
			hidden++
		} else {
			c.fill(t.entries[i], levels)
		}
		r.byKey[k] = len(r.Cells)
		r.Cells = append(r.Cells, c)
	}
	r.Text = say("共%d个单元，其中%d个因企业少于%d家或可由此推算而不公布", "%d cells, of which %d are not published, because they have fewer than %d enterprises or would tell of one that has",
		len(r.Cells), hidden, Least)
	return r
}

func (c *Cell) fill(list []*Entry, levels int) {
	c.Firms, c.Levels = len(list), make([]int, levels+1)
	points := make([]Points, len(list))
	for i, e := range list {
		points[i] = e.Points
		c.Levels[min(max(e.Level, 0), levels)]++
	}
	slices.Sort(points)
	for _, q := range []int{1, 2, 3} {
		p := points[(len(points)*q+3)/4-1] // nearest rank
		b := Band{p, p}
		if len(points) < few {
			b.From = p / band * band
			b.To = b.From + band - 1
		}
		c.Quartiles = append(c.Quartiles, b)
	}
}

// Cell returns a cell, nil when nobody is in it.
func (r *Report) Cell(k Key) *Cell {
	if i, ok := r.byKey[k]; ok {
		return &r.Cells[i]
	}
	return nil
}

// Peers are those that an enterprise is compared with, and where it stands among them.
type Peers struct {
	Key       Key       `json:"key"`
	Firms     int       `json:"firms"`
	Rank      int       `json:"rank"`  // 1 is the best; equals share the better rank
	Equal     int       `json:"equal"` // others with the same points
	Percent   int       `json:"percent"`
	Text      text.Text `json:"text"`
	Quartiles []Band    `json:"quartiles"`
}

// Place finds where an enterprise stands among its peers: those of its industry, size and place, or, where that cell is hidden, those of
// fewer of these, place being given up first, then size. Percent is the share of the others that it is ahead of, equals counting by half, in
// hundredths of a per cent, rounded down; who has the highest points alone has 10000. nil when every cell is hidden, or the enterprise is not
// among the entries.
func (r *Report) Place(entries []Entry, firm string) *Peers {
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Firm == firm })
	if i < 0 {
		return nil
	}
	me := &entries[i]
	k := Key{}
	for _, d := range r.Dimensions {
		k = k.with(d, me.key().part(d))
	}
	for d := ByPlace; ; d-- {
		c := r.Cell(k)
		if c != nil && !c.Hidden {
			return r.among(entries, me, c)
		}
		if d < 0 {
			return nil
		}
		k = k.with(d, "")
	}
}

// key has "?" for what is not known, which is a value of its own.
func (e *Entry) key() Key {
	return Key{cmp.Or(e.Industry, "?"), cmp.Or(e.Size, "?"), cmp.Or(e.Place, "?")}
}

func (e *Entry) in(k Key) bool {
	own := e.key()
	for d := range dimensions {
		if k.part(d) != "" && k.part(d) != own.part(d) {
			return false
		}
	}
	return true
}

func (r *Report) among(entries []Entry, me *Entry, c *Cell) *Peers {
	above, below, equal := 0, 0, -1
	for i := range entries {
		e := &entries[i]
		if !e.in(c.Key) {
			continue
		}
		switch {
		case e.Points > me.Points:
			above++
		case e.Points < me.Points:
			below++
		default:
			equal++
		}
	}
	p := &Peers{Key: c.Key, Firms: c.Firms, Rank: above + 1, Equal: equal, Quartiles: c.Quartiles}
	p.Percent = (2*below + equal) * 10_000 / (2 * (c.Firms - 1))
	tie := text.Text{}
	if equal > 0 {
		tie = say("，与另外%d家相同", ", equal with %d others", equal)
	}
	p.Text = say("在%d家同类企业中居第%d位%s，高于%d.%02d%%的其他企业（相同者计一半）", "Rank %[2]d of %[1]d peers%[3]s, ahead of %[4]d.%02[5]d %% of the others (equals count by half)",
		c.Firms, p.Rank, tie, p.Percent/100, p.Percent%100)
	return p
}
