package figure

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// A page: how long its lean part is, and when packed with S2; the lean part; the roots. The lean part, column by column: how many rows; of
// each code how many bytes it shares with the one before and the bytes that follow; of each commit the difference to the one before; of each
// observation its size; then all observations, each without its root. Roots are hashes, which nothing makes smaller: they stand by themselves, so that little has to
// be unpacked.
const (
	pageRows   = 32
	rootFrom   = 1       // where an observation has its root (indicator.Observation.Encode)
	rootTo     = 33      // behind it; a shorter observation has none
	foundBytes = 4 << 10 // of what was found, at a time
	maxPage    = pageRows * (maxObservation + 128)
)

// page is one of a column, as it stands there.
type page struct {
	first []byte // code
	hash  Hash
	body  []byte
	old   *page1 // in a column of format 1; the rest is not filled in then but first
}

// pageWriter keeps what one page needs for the next.
type pageWriter struct{ lean, packed []byte }

func (x *pageWriter) append(dst []byte, rows []Row) []byte {
	w := &wire{x.lean[:0]}
	w.count(len(rows))
	last := ""
	for i := range rows {
		code := rows[i].Code
		shared := 0
		for shared < min(len(last), len(code)) && last[shared] == code[shared] {
			shared++
		}
		w.count(shared)
		w.text(code[shared:])
		last = code
	}
	var before int64
	for i := range rows {
		w.number(rows[i].Commit - before)
		before = rows[i].Commit
	}
	for i := range rows {
		w.count(len(rows[i].Observation))
	}
	for i := range rows {
		o := rows[i].Observation
		if len(o) < rootTo {
			w.b = append(w.b, o...)
			continue
		}
		w.b = append(append(w.b, o[:rootFrom]...), o[rootTo:]...)
	}
	x.lean = w.b
	if n := s2.MaxEncodedLen(len(x.lean)); len(x.packed) < n {
		x.packed = make([]byte, n)
	}
	packed := s2.Encode(x.packed, x.lean)
	dst = binary.AppendUvarint(dst, uint64(len(x.lean)))
	dst = binary.AppendUvarint(dst, uint64(len(packed)))
	dst = append(dst, packed...)
	for i := range rows {
		if o := rows[i].Observation; len(o) >= rootTo {
			dst = append(dst, o[rootFrom:rootTo]...)
		}
	}
	return dst
}

// sheet is a page that is taken apart. It is used again for the next.
type sheet struct {
	rows    int
	lean    []byte
	codes   []byte        // one behind the other
	ends    [pageRows]int // of codes
	commits [pageRows]int64
	at      [pageRows + 1]int // where observations begin in the lean part
	root    [pageRows]int     // where the root begins among the roots; negative for none
	roots   []byte
	found   []byte // observations that were found, some pages' behind each other
}

// read takes a page apart. Error: ErrBytes.
func (s *sheet) read(body []byte) error {
	r := &unwire{b: body}
	length := r.count(maxPage, "an unpacked page")
	packed := r.bytes(s2.MaxEncodedLen(maxPage), "a page")
	if r.err != nil {
		return r.err
	}
	s.roots = r.b
	if n, err := s2.DecodedLen(packed); err != nil || n != length {
		return fmt.Errorf("%w: a page does not hold %d bytes", ErrBytes, length)
	}
	if len(s.lean) < length {
		s.lean = make([]byte, length)
	}
	lean, err := s2.Decode(s.lean[:length], packed)
	if err != nil || len(lean) != length {
		return fmt.Errorf("%w: a page cannot be unpacked", ErrBytes)
	}
	s.lean = lean
	return s.fields()
}

// fields finds what stands where in the lean part.
func (s *sheet) fields() error {
	r := &unwire{b: s.lean}
	s.rows, s.codes = r.count(pageRows, "rows of a page"), s.codes[:0]
	last := 0 // where the code before begins
	for i := range s.rows {
		at := len(s.codes)
		shared := r.count(maxCode, "what a code shares")
		if r.err == nil && shared > at-last {
			r.fail("a code shares %d bytes with one of %d", shared, at-last)
		}
		if r.err != nil {
			return r.err
		}
		s.codes = append(s.codes, s.codes[last:last+shared]...)
		s.codes = append(s.codes, r.bytes(maxCode-shared, "a code")...)
		s.ends[i] = len(s.codes)
		if code := s.code(i); len(code) == 0 || i > 0 && string(s.code(i-1)) >= string(code) {
			r.fail("codes do not ascend at %.40q", code)
		}
		last = at
	}
	before := int64(0)
	for i := range s.rows {
		before += r.number("a commit")
		s.commits[i] = before
	}
	end, roots := 0, 0
	for i := range s.rows {
		s.at[i], s.root[i] = end, -1
		size := r.count(maxObservation, "an observation")
		if size >= rootTo {
			s.root[i], size, roots = roots, size-(rootTo-rootFrom), roots+rootTo-rootFrom
		}
		end += size
	}
	s.at[s.rows] = end
	if r.err == nil && (end != len(r.b) || roots != len(s.roots)) {
		r.fail("a page has %d bytes of observations and %d of roots, and %d and %d are told", len(r.b), len(s.roots), end, roots)
	}
	for i := range s.rows + 1 {
		s.at[i] += len(s.lean) - end
	}
	return r.err
}

func (s *sheet) code(i int) []byte {
	from := 0
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.codes[from:s.ends[i]]
}

// observation appends that of a row.
func (s *sheet) observation(dst []byte, i int) []byte {
	lean := s.lean[s.at[i]:s.at[i+1]]
	if s.root[i] < 0 {
		return append(dst, lean...)
	}
	dst = append(dst, lean[:rootFrom]...)
	dst = append(dst, s.roots[s.root[i]:s.root[i]+rootTo-rootFrom]...)
	return append(dst, lean[rootFrom:]...)
}

// open takes the page apart, after its hash was looked at. Error: ErrBytes.
func (p *page) open(s *sheet) error {
	if Sum(p.body) != p.hash {
		return fmt.Errorf("%w: the page of %.40q is not what its hash says", ErrBytes, p.first)
	}
	if err := s.read(p.body); err != nil {
		return err
	}
	if s.rows == 0 || string(s.code(0)) != string(p.first) {
		return fmt.Errorf("%w: the page of %.40q does not begin with it", ErrBytes, p.first)
	}
	return nil
}

// find appends the rows of a page that have certain codes, which ascend.
func (p *page) find(s *sheet, codes []string, out []Row) ([]Row, error) {
	if p.old != nil {
		return p.old.find(codes, out)
	}
	if err := p.open(s); err != nil {
		return nil, err
	}
	i := 0
	for _, code := range codes {
		for i < s.rows && string(s.code(i)) < code {
			i++
		}
		if i == s.rows || string(s.code(i)) != code {
			continue
		}
		r := Row{Code: code, Commit: s.commits[i]}
		if s.at[i+1] > s.at[i] {
			if size := s.at[i+1] - s.at[i] + rootTo - rootFrom; cap(s.found)-len(s.found) < size {
				s.found = make([]byte, 0, max(size, foundBytes))
			}
			from := len(s.found)
			s.found = s.observation(s.found, i)
			r.Observation = s.found[from:len(s.found):len(s.found)]
		}
		out = append(out, r)
	}
	return out, nil
}

// all appends a page's rows.
func (p *page) all(s *sheet, out []Row) ([]Row, error) {
	if p.old != nil {
		return p.old.rows(out)
	}
	if err := p.open(s); err != nil {
		return nil, err
	}
	if len(out) > 0 && out[len(out)-1].Code >= string(p.first) {
		return nil, fmt.Errorf("%w: codes do not ascend at %.40q", ErrBytes, p.first)
	}
	codes, at := string(s.codes), 0
	all := make([]byte, 0, s.at[s.rows]-s.at[0]+len(s.roots))
	for i := range s.rows {
		r := Row{Code: codes[at:s.ends[i]], Commit: s.commits[i]}
		at = s.ends[i]
		from := len(all)
		if all = s.observation(all, i); len(all) > from {
			r.Observation = all[from:len(all):len(all)]
		}
		out = append(out, r)
	}
	return out, nil
}
