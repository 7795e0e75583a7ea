package store

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"
)

// ErrCursor tells that a cursor did not come from the list that it is given to.
var ErrCursor = errors.New("the cursor does not belong to this list; start again without one")

// Bounds of a page.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
	maxCursor    = 1024 // characters
)

// Page asks for one page of a list. The zero value is the first page of DefaultLimit rows.
type Page struct {
	Limit int    // 1..MaxLimit; 0 means DefaultLimit, more is cut to MaxLimit
	After string // the cursor that came with the page before; "" for the first
}

// Rows returns how many rows the page holds at most.
func (p Page) Rows() int {
	if p.Limit <= 0 {
		return DefaultLimit
	}
	return min(p.Limit, MaxLimit)
}

// Keyset is the order of a list: columns that together are unique, so that a page begins exactly after the last row of
// the page before, however many rows came or went meanwhile. Columns are times, numbers (int64) and identifiers or
// other ASCII keys (string), written as SQL ("e.time").
type Keyset struct {
	Columns    []string
	Descending bool
}

// Apply adds order, start and limit to a query. It fetches one row more than the page holds; Cut removes it.
// Error: ErrCursor.
func (k Keyset) Apply(q *bun.SelectQuery, p Page) (*bun.SelectQuery, error) {
	way, than := " ASC", ">"
	if k.Descending {
		way, than = " DESC", "<"
	}
	for _, c := range k.Columns {
		q = q.OrderExpr(c + way)
	}
	if p.After != "" {
		key, err := k.decode(p.After)
		if err != nil {
			return nil, err
		}
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(key)), ", ")
		q = q.Where("("+strings.Join(k.Columns, ", ")+") "+than+" ("+marks+")", key...)
	}
	return q.Limit(int64(p.Rows()) + 1), nil
}

// Cut returns the rows of the page and the cursor of the next, "" when there is none. key gives a row's values of the
// keyset's columns: int64 or string.
func Cut[T any](k Keyset, rows []T, p Page, key func(*T) []any) (items []T, next string) {
	n := p.Rows()
	if len(rows) <= n {
		return rows, ""
	}
	return rows[:n], k.encode(key(&rows[n-1]))
}

// tag binds a cursor to its list, so that one handed to another list is refused and not silently misread.
func (k Keyset) tag() byte {
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, k.Columns, k.Descending)
	s := h.Sum32()
	return byte(s ^ s>>8 ^ s>>16 ^ s>>24)
}

func (k Keyset) encode(key []any) string {
	b := []byte{k.tag()}
	for _, v := range key {
		switch v := v.(type) {
		case int64:
			b = binary.AppendVarint(append(b, 'i'), v)
		case string:
			b = append(binary.AppendUvarint(append(b, 's'), uint64(len(v))), v...)
		default:
			panic(fmt.Sprintf("store: a keyset column holds %T; want int64 or string", v))
		}
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func (k Keyset) decode(s string) ([]any, error) {
	if len(s) > maxCursor {
		return nil, ErrCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) == 0 || b[0] != k.tag() {
		return nil, ErrCursor
	}
	b = b[1:]
	var key []any
	for len(b) > 0 {
		kind := b[0]
		b = b[1:]
		switch kind {
		case 'i':
			v, n := binary.Varint(b)
			if n <= 0 {
				return nil, ErrCursor
			}
			key, b = append(key, v), b[n:]
		case 's':
			l, n := binary.Uvarint(b)
			if n <= 0 || l > uint64(len(b)-n) {
				return nil, ErrCursor
			}
			word := string(b[n : n+int(l)])
			if !utf8.ValidString(word) || strings.ContainsRune(word, 0) { // PostgreSQL would refuse the query
				return nil, ErrCursor
			}
			key, b = append(key, word), b[n+int(l):]
		default:
			return nil, ErrCursor
		}
	}
	if len(key) != len(k.Columns) {
		return nil, ErrCursor
	}
	return key, nil
}
