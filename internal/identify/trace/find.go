package trace

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Found is a page of events.
type Found struct {
	Events []Stored
	Next   string // token of the next page; "" when there is none
}

// Bounds of a page.
const (
	DefaultPerPage = 30
	MaxPerPage     = 1000
	scanPage       = 256    // rows that are read at once
	scanMost       = 20_000 // rows that are looked at for one page; it may then be shorter than asked for
)

// cursor is where a page begins.
type cursor struct{ at, num, seen int64 }

func (q *Query) tag() []byte {
	sum := sha256.Sum256([]byte(strings.Join(q.canonical, "&")))
	return sum[:8]
}

func (q *Query) token(c cursor) string {
	b := binary.AppendVarint(binary.AppendVarint(binary.AppendVarint(slices.Clone(q.tag()), c.at), c.num), c.seen)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (q *Query) cursor(token string) (c cursor, err error) {
	fault := ErrPageToken.At("query.nextPageToken", token)
	b, bad := base64.RawURLEncoding.DecodeString(token)
	if bad != nil || len(token) > 100 || len(b) < 8 || string(b[:8]) != string(q.tag()) {
		return c, fault
	}
	b = b[8:]
	for _, to := range []*int64{&c.at, &c.num, &c.seen} {
		n, size := binary.Varint(b)
		if size <= 0 {
			return c, fault
		}
		*to, b = n, b[size:]
	}
	return c, nil
}

// find reads one page of a query. Errors: ErrPageToken, ErrTooMany.
func (s *Service) find(ctx context.Context, v Sight, q *Query, perPage int, token string) (out Found, err error) {
	var from *cursor
	var seen int64
	if token != "" {
		c, err := q.cursor(token)
		if err != nil {
			return out, err
		}
		from, seen = &c, c.seen
	}
	if q.most > 0 && from == nil {
		probe := *q
		probe.most, probe.limit = 0, 0
		found, err := s.find(ctx, v, &probe, min(q.most+1, MaxPerPage), "")
		for n := len(found.Events); err == nil && n <= q.most && found.Next != ""; n += len(found.Events) {
			found, err = s.find(ctx, v, &probe, MaxPerPage, found.Next)
		}
		if err != nil {
			return out, err
		}
		if len(found.Events) > q.most {
			return out, ErrTooMany.With("max", q.most)
		}
	}
	where, err := s.where(ctx, v, q)
	if err != nil || where == "" {
		return out, err
	}
	want := perPage
	if q.limit > 0 {
		want = int(min(int64(want), int64(q.limit)-seen))
	}
	for scanned := 0; ; {
		if len(out.Events) >= want {
			out.Next = q.after(from, seen+int64(len(out.Events)), want < perPage || q.limit > 0 && int64(q.limit) == seen+int64(len(out.Events)))
			return out, nil
		}
		rows, err := s.scan(ctx, where, q, from)
		if err != nil {
			return out, err
		}
		list, err := s.fit(ctx, v, q, rows)
		if err != nil {
			return out, err
		}
		for _, x := range list {
			if len(out.Events) == want {
				break
			}
			out.Events = append(out.Events, x.Stored)
			from = &cursor{at: x.at, num: x.num}
		}
		if len(out.Events) >= want && want > 0 {
			last := rows[len(rows)-1]
			if from.num == last.num && len(rows) < scanPage { // nothing is left behind this page
				return out, nil
			}
			continue
		}
		if len(rows) < scanPage {
			return out, nil
		}
		last := rows[len(rows)-1]
		from = &cursor{at: last.at, num: last.num}
		if scanned += len(rows); scanned >= scanMost {
			out.Next = q.after(from, seen+int64(len(out.Events)), false)
			return out, nil
		}
	}
}

// after is the token of what follows a place.
func (q *Query) after(from *cursor, seen int64, done bool) string {
	if done || from == nil {
		return ""
	}
	return q.token(cursor{from.at, from.num, seen})
}

// found is an event with its place in the order.
type found struct {
	Stored
	at int64
}

type scanned struct{ num, at int64 }

// scan reads the next rows that the columns let through.
func (s *Service) scan(ctx context.Context, where string, q *Query, from *cursor) (rows []scanned, err error) {
	way, than := "ASC", ">"
	if q.descending {
		way, than = "DESC", "<"
	}
	order := "e.num " + way
	if q.byTime {
		order = "e.at " + way + ", e.num " + way
	}
	if from != nil {
		if q.byTime {
			where += fmt.Sprintf(" AND (e.at, e.num) %s (%d, %d)", than, from.at, from.num)
		} else {
			where += fmt.Sprintf(" AND e.num %s %d", than, from.num)
		}
	}
	err = eachRow(ctx, s.l.raw(), "SELECT e.num, e.at FROM trace_events e WHERE "+where+" ORDER BY "+order+" LIMIT "+digitsOf(scanPage), nil, func(r *sql.Rows) error {
		var x scanned
		err := r.Scan(&x.num, &x.at)
		rows = append(rows, x)
		return err
	})
	return rows, wrap("look for events", err)
}

// fit reads events and asks them what their columns cannot tell.
func (s *Service) fit(ctx context.Context, v Sight, q *Query, rows []scanned) (out []found, err error) {
	nums := make([]int64, len(rows))
	at := make(map[int64]int64, len(rows))
	for i, r := range rows {
		nums[i], at[r.num] = r.num, r.at
	}
	list, err := s.l.events(ctx, s.l.raw(), v, nums)
next:
	for _, x := range list {
		for _, t := range q.tests {
			if !t(&x.event) {
				continue next
			}
		}
		out = append(out, found{x, at[x.num]})
	}
	return out, err
}

// fewLinks is how many events an identifier may have for the search to begin with them.
const fewLinks = 10_000

// where is the query as a condition on columns; "" where no event can fit.
func (s *Service) where(ctx context.Context, v Sight, q *Query) (string, error) {
	parts := []string{v.condition("e")}
	in := func(column string, list []int64) {
		if len(list) > 0 {
			parts = append(parts, column+" IN ("+numbers(list)+")")
		}
	}
	in("e.kind", q.kinds)
	in("e.action", q.actions)
	bound := func(column, op string, t *time.Time) {
		if t != nil {
			parts = append(parts, column+op+digitsOf(nanos(*t)))
		}
	}
	bound("e.at", " >= ", q.from)
	bound("e.at", " < ", q.to)
	if q.since != nil || q.until != nil {
		c := []string{"1 = 1"}
		if q.since != nil {
			c = append(c, "c.created >= "+digitsOf(nanos(*q.since)))
		}
		if q.until != nil {
			c = append(c, "c.created < "+digitsOf(nanos(*q.until)))
		}
		parts = append(parts, "e.capture IN (SELECT c.num FROM trace_captures c WHERE "+strings.Join(c, " AND ")+")")
	}
	if q.beyond > 0 {
		parts = append(parts, "e.num > "+digitsOf(q.beyond))
	}
	if q.flags != 0 {
		parts = append(parts, fmt.Sprintf("e.flags & %[1]d = %[1]d", q.flags))
	}
	for _, w := range []struct {
		column string
		uris   []string
	}{{"e.step", q.steps}, {"e.disposition", q.fates}} {
		if len(w.uris) == 0 {
			continue
		}
		nums, err := s.known(ctx, w.uris)
		if err != nil || len(nums) == 0 {
			return "", err
		}
		in(w.column, nums)
	}
	for _, l := range q.links {
		nums, err := s.known(ctx, l.keys)
		if err != nil || len(nums) == 0 {
			return "", err
		}
		roles := make([]int64, len(l.roles))
		for i, r := range l.roles {
			roles[i] = int64(r)
		}
		links := "SELECT l.event FROM trace_links l WHERE l.name IN (" + numbers(nums) + ") AND l.role IN (" + numbers(roles) + ")"
		few, err := s.few(ctx, links)
		if err != nil {
			return "", err
		}
		if few {
			parts = append(parts, "e.num IN ("+links+")")
		} else {
			parts = append(parts, "EXISTS ("+links+" AND l.event = e.num)")
		}
	}
	if len(q.eventIDs) > 0 {
		var nums []int64
		for _, id := range q.eventIDs {
			list, err := s.l.byID(ctx, s.l.raw(), v, id)
			if err != nil {
				return "", err
			}
			for _, x := range list {
				nums = append(nums, x.num)
			}
		}
		if len(nums) == 0 {
			return "", nil
		}
		in("e.num", nums)
	}
	return strings.Join(parts, " AND "), nil
}

// nanos bounds a time to what the tables can hold.
func nanos(t time.Time) int64 {
	switch y := t.Year(); {
	case y < 1700:
		return time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	case y > 2200:
		return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	}
	return t.UnixNano()
}

func (s *Service) few(ctx context.Context, links string) (bool, error) {
	var n int
	err := s.l.raw().QueryRowContext(ctx, "SELECT count(*) FROM ("+links+" LIMIT "+digitsOf(fewLinks+1)+") few").Scan(&n)
	return n <= fewLinks, wrap("count links", err)
}

// known are the numbers of those identifiers that the node knows.
func (s *Service) known(ctx context.Context, keys []string) ([]int64, error) {
	found, err := s.l.find(ctx, s.l.raw(), keys)
	out := make([]int64, 0, len(found))
	for _, n := range found {
		out = append(out, n)
	}
	slices.Sort(out)
	return out, err
}
