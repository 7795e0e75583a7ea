package figure

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Row is what is known of one enterprise for the definition, period and source of a column.
type Row struct {
	Code        string // unified social credit code
	Commit      int64  // when it was written down, ns since 1970
	Observation []byte // canonical (indicator.Observation); empty where it was withdrawn
}

// Gone tells whether the row says that there is no longer an observation.
func (r *Row) Gone() bool { return len(r.Observation) == 0 }

const rowFormat = 1

// Encode gives the canonical bytes of one row.
func (r *Row) Encode() []byte {
	w := &wire{make([]byte, 0, 32+len(r.Code)+len(r.Observation))}
	w.byte(rowFormat)
	w.text(r.Code)
	w.number(r.Commit)
	w.bytes(r.Observation)
	return w.b
}

// DecodeRow reads what Encode has written and nothing else. Error: ErrBytes.
func DecodeRow(b []byte) (Row, error) {
	r := &unwire{b: b}
	r.version(rowFormat, "a row")
	row := Row{r.text(maxCode, "its code"), r.number("its commit"), r.bytes(maxObservation, "its observation")}
	return row, r.end("a row")
}

// A column's blob: a head and pages. The head: format; how many rows; for each page of pageRows rows its first code, its size and its
// SHA-256. So one enterprise is found without looking at the pages of others, and the SHA-256 of the head stands for the whole blob.
const (
	columnFormat   = 2
	maxColumn      = 1 << 21 // rows
	maxObservation = 64 << 10
)

// EncodeRows packs rows whose codes ascend, each once. The bytes depend on the version of the library that packs; what they say does
// not. Error: rows that are not in order, or too large.
func EncodeRows(rows []Row) ([]byte, error) {
	if len(rows) > maxColumn {
		return nil, fmt.Errorf("a column of %d rows: at most %d are kept", len(rows), maxColumn)
	}
	head := &wire{}
	head.byte(columnFormat)
	head.count(len(rows))
	var pages []byte
	var w pageWriter
	for at := 0; at < len(rows); at += pageRows {
		part := rows[at:min(at+pageRows, len(rows))]
		for i := range part {
			r := &part[i]
			if r.Code == "" || len(r.Code) > maxCode || len(r.Observation) > maxObservation || at+i > 0 && rows[at+i-1].Code >= r.Code {
				return nil, fmt.Errorf("row %d of a column, %.80q with %d bytes: codes ascend and have 1 to %d bytes, observations at most %d", at+i, r.Code, len(r.Observation), maxCode, maxObservation)
			}
		}
		from := len(pages)
		pages = w.append(pages, part)
		head.text(part[0].Code)
		head.count(len(pages) - from)
		head.hash(Sum(pages[from:]))
	}
	return append(head.b, pages...), nil
}

// DecodeRows unpacks a column. Error: ErrBytes.
func DecodeRows(b []byte) ([]Row, error) {
	c, err := columnOf(b)
	if err != nil {
		return nil, err
	}
	return c.all()
}

// FindRows finds enterprises, whose codes ascend, in a column. Only the pages in which they stand are looked at. Those that are not in it
// are left out. Error: ErrBytes.
func FindRows(b []byte, codes []string) (out []Row, err error) {
	c, err := columnOf(b)
	if err != nil {
		return nil, err
	}
	return c.find(codes)
}

// column is the head of a blob, with its pages.
type column struct {
	rows  int
	pages []page
	hash  Hash // that stands for all of it
}

// page is the one in which a code would stand; negative where that is before all.
func (c *column) page(code string) int {
	return sort.Search(len(c.pages), func(i int) bool { return string(c.pages[i].first) > code }) - 1
}

func (c *column) all() (out []Row, err error) {
	var s sheet
	out = make([]Row, 0, c.rows)
	for i := range c.pages {
		if out, err = c.pages[i].all(&s, out); err != nil {
			return nil, err
		}
	}
	if len(out) != c.rows {
		return nil, fmt.Errorf("%w: a column of %d rows holds %d", ErrBytes, c.rows, len(out))
	}
	return out, nil
}

func (c *column) find(codes []string) (out []Row, err error) {
	var s sheet
	for at := 0; at < len(codes); {
		i := c.page(codes[at])
		if i < 0 {
			at++
			continue
		}
		n := at + 1
		for n < len(codes) && (i+1 == len(c.pages) || codes[n] < string(c.pages[i+1].first)) {
			n++
		}
		if out, err = c.pages[i].find(&s, codes[at:n], out); err != nil {
			return nil, err
		}
		at = n
	}
	return out, nil
}

// columnOf reads the head of a column. Error: ErrBytes.
func columnOf(b []byte) (c column, err error) {
	if len(b) > 0 && b[0] == columnFormat1 {
		return column1(b)
	}
	r := &unwire{b: b}
	r.version(columnFormat, "a column")
	c.rows = r.count(maxColumn, "rows of a column")
	count := (c.rows + pageRows - 1) / pageRows
	if r.err == nil && count > len(r.b)/len(Hash{}) { // a page's head alone has more
		r.fail("a column of %d rows is cut off", c.rows)
	}
	if r.err == nil {
		c.pages = make([]page, count)
	}
	sizes := make([]int, len(c.pages))
	for i := range c.pages {
		p := &c.pages[i]
		p.first, sizes[i], p.hash = r.bytes(maxCode, "a page's code"), r.count(maxPage, "a page"), r.hash("a page")
		if r.err == nil && i > 0 && string(c.pages[i-1].first) >= string(p.first) {
			r.fail("pages do not ascend at %.40q", p.first)
		}
		if r.err != nil {
			return column{}, r.err
		}
	}
	c.hash = Sum(b[:len(b)-len(r.b)])
	for i := range c.pages {
		c.pages[i].body = r.take(sizes[i], "a page")
	}
	return c, r.end("a column")
}

// MergeRows lays newer rows over older ones; both ascend.
func MergeRows(older, newer []Row) []Row {
	if len(newer) == 0 {
		return older
	}
	out := make([]Row, 0, len(older)+len(newer))
	for len(older) > 0 && len(newer) > 0 {
		switch c := strings.Compare(older[0].Code, newer[0].Code); {
		case c < 0:
			out, older = append(out, older[0]), older[1:]
		case c > 0:
			out, newer = append(out, newer[0]), newer[1:]
		default:
			out, older, newer = append(out, newer[0]), older[1:], newer[1:]
		}
	}
	return append(append(out, older...), newer...)
}

// Standing are the rows that were not withdrawn.
func Standing(rows []Row) []Row {
	if !slices.ContainsFunc(rows, func(r Row) bool { return r.Gone() }) {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Gone() })
}

// lowDigit is how many of the blobs before a delta, itself included, it holds: the largest power of fold that divides its place behind
// its base. So a column is read from its base and few deltas, and a row is written only as often as the logarithm of the changes.
func lowDigit(place int64) int64 {
	n := int64(1)
	for place%(n*fold) == 0 {
		n *= fold
	}
	return n
}

// fold is how many deltas make a greater one.
const fold = 8

// chain are the places behind a base that make a column up at a place, the newest first; the base itself is not among them.
func chain(place int64) (out []int64) {
	for place > 0 {
		out = append(out, place)
		place -= lowDigit(place)
	}
	return out
}
