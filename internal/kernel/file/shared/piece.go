package shared

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// piece is a range of a file: the first Len bytes of an object.
type piece struct {
	At     int64  `json:"at"`
	Len    int64  `json:"len"`
	Bytes  int64  `json:"bytes"`  // of the object
	Object string `json:"object"` // its name in the bucket
	Chunks string `json:"chunks"` // under which its messages are
	Sum    string `json:"sum"`    // SHA-256 of the object, hexadecimal
}

func (p piece) span() span { return span{p.At, p.At + p.Len} }

// content is what a file holds: size bytes, zero where no piece says otherwise; a later piece covers an earlier one.
type content struct {
	size   int64
	pieces []piece
}

// whole tells whether the content is that of one object.
func (c *content) whole() bool {
	return len(c.pieces) == 1 && c.pieces[0].At == 0 && c.pieces[0].Len == c.size && c.pieces[0].Bytes == c.size
}

const (
	maxPieces      = 64       // of a file
	maxSpans       = 8        // that one sync uploads
	nearby         = 64 << 10 // bytes between two spans that are uploaded rather than kept apart
	maxPiecesBytes = 64 << 10
)

func encodePieces(p []piece) string {
	if len(p) == 0 {
		return "[]"
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(b)
}

// decodePieces reads what encodePieces wrote, and refuses everything that cannot be a file of that size.
func decodePieces(s string, size int64) ([]piece, error) {
	if len(s) > maxPiecesBytes {
		return nil, fmt.Errorf("%d bytes are more than any program wrote", len(s))
	}
	var all []piece
	if err := json.Unmarshal([]byte(s), &all); err != nil {
		return nil, err
	}
	if len(all) > maxPieces {
		return nil, fmt.Errorf("%d pieces are more than %d", len(all), maxPieces)
	}
	for i, p := range all {
		if p.At < 0 || p.Len <= 0 || p.Len > p.Bytes || p.At > size || p.Len > size-p.At {
			return nil, fmt.Errorf("piece %d cannot be: %d bytes at %d of an object of %d, in a file of %d", i, p.Len, p.At, p.Bytes, size)
		}
		if b, err := hex.DecodeString(p.Sum); err != nil || len(b) != 32 || strings.ToLower(p.Sum) != p.Sum {
			return nil, fmt.Errorf("piece %d: %q is no SHA-256", i, p.Sum)
		}
		if !plainName(p.Object) || !plainName(p.Chunks) {
			return nil, errors.New("the name of an object has other letters than ours have")
		}
	}
	return all, nil
}

// plainName tells whether a name is safe as that of a file and as a token of a subject.
func plainName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// span is [from, to) of a file.
type span struct{ from, to int64 }

func (s span) len() int64 { return s.to - s.from }

// mark adds a span to those that are sorted and apart.
func mark(spans []span, s span) []span {
	if s.len() <= 0 {
		return spans
	}
	i, _ := slices.BinarySearchFunc(spans, s.from, func(x span, from int64) int { return cmp.Compare(x.to, from) })
	j := i
	for ; j < len(spans) && spans[j].from <= s.to; j++ {
		s.from, s.to = min(s.from, spans[j].from), max(s.to, spans[j].to)
	}
	return slices.Replace(spans, i, j, s)
}

// join sorts spans and joins those with at most gap bytes between them.
func join(spans []span, gap int64) []span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && s.from-out[n-1].to <= gap {
			out[n-1].to = max(out[n-1].to, s.to)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// cut takes away what lies at or behind size.
func cut(pieces []piece, spans []span, size int64) ([]piece, []span) {
	keep := make([]piece, 0, len(pieces))
	for _, p := range pieces {
		if p.Len = min(p.Len, size-p.At); p.Len > 0 {
			keep = append(keep, p)
		}
	}
	left := make([]span, 0, len(spans))
	for _, s := range spans {
		if s.to = min(s.to, size); s.len() > 0 {
			left = append(left, s)
		}
	}
	return keep, left
}

// plan decides what a sync uploads, given the pieces there are and what was written since: these spans become pieces on
// top of those that are kept.
//
// A span takes in a piece that it touches and that is not larger than itself (as a binary counter carries): so a file
// that grows by small appends keeps few pieces at a cost of the logarithm, and what is written once is never touched
// again for the sake of a small change beside it.
func plan(base []piece, dirty []span) (keep []piece, upload []span) {
	upload = join(dirty, nearby)
	if len(upload) > maxSpans {
		upload = []span{{upload[0].from, upload[len(upload)-1].to}}
	}
	keep = slices.Clone(base)
	for again := true; again; {
		again = false
		for i := range upload {
			u := &upload[i]
			keep = slices.DeleteFunc(keep, func(p piece) bool {
				s := p.span()
				if s.from > u.to || s.to < u.from || s.len() > u.len() {
					return false
				}
				if s.from < u.from || s.to > u.to {
					u.from, u.to = min(u.from, s.from), max(u.to, s.to)
					again = true
				}
				return true
			})
		}
		upload = join(upload, 0)
	}
	if len(keep)+len(upload) > maxPieces {
		for _, p := range keep {
			upload = append(upload, p.span())
		}
		keep, upload = nil, join(upload, nearby)
		if len(upload) > maxSpans {
			upload = []span{{upload[0].from, upload[len(upload)-1].to}}
		}
	}
	return keep, upload
}

// replaced are the pieces of was whose objects is does not name.
func replaced(was, is []piece) (gone []piece) {
	for _, p := range was {
		if !slices.ContainsFunc(is, func(q piece) bool { return q.Object == p.Object }) {
			gone = append(gone, p)
		}
	}
	return gone
}
