package trace

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/store"
)

// Stored is an event as the node keeps it.
type Stored struct {
	num      int64
	org      int64
	capture  int64
	page     int64
	slot     int
	event    epcis.Event
	Text     []byte // JSON-LD, without recordTime
	ID       string
	Recorded time.Time
}

const storedColumns = "e.num, e.org, e.capture, e.page, e.slot, c.created"

// event reads an event for the node's own work.
func (l *ledger) event(ctx context.Context, q queryer, num int64) (Stored, error) {
	list, err := l.events(ctx, q, Sight{all: true}, []int64{num})
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return Stored{}, wrap(fmt.Sprintf("read event %d", num), err)
	}
	return list[0], nil
}

// events reads events that are in sight, in the order of the numbers asked for.
func (l *ledger) events(ctx context.Context, q queryer, v Sight, nums []int64) ([]Stored, error) {
	found := make(map[int64]*Stored, len(nums))
	for rest := nums; len(rest) > 0; {
		n := min(len(rest), chunk)
		query := "SELECT " + storedColumns + " FROM trace_events e JOIN trace_captures c ON c.num = e.capture WHERE e.num IN (" + numbers(rest[:n]) + ") AND " + v.condition("e")
		err := eachRow(ctx, q, query, nil, func(r *sql.Rows) error {
			var s Stored
			var recorded int64
			err := r.Scan(&s.num, &s.org, &s.capture, &s.page, &s.slot, &recorded)
			s.Recorded = time.Unix(0, recorded).UTC()
			found[s.num] = &s
			return err
		})
		if err != nil {
			return nil, wrap("read events", err)
		}
		rest = rest[n:]
	}
	out := make([]Stored, 0, len(found))
	for _, num := range nums {
		s, ok := found[num]
		if !ok {
			continue
		}
		if err := l.fill(ctx, q, s); err != nil {
			return nil, err
		}
		out = append(out, *s)
	}
	return out, nil
}

// fill reads the text of an event.
func (l *ledger) fill(ctx context.Context, q queryer, s *Stored) error {
	text, err := l.pages.text(s.page, s.slot, func(num int64) (body []byte, err error) {
		err = q.QueryRowContext(ctx, "SELECT body FROM trace_pages WHERE num = "+numbers([]int64{num})).Scan(&body)
		return body, wrap("read a page of events", err)
	})
	if err != nil {
		return err
	}
	s.Text = text
	if s.event, err = parseStored(text); err != nil {
		return fmt.Errorf("event %d: %w", s.num, err)
	}
	if s.ID = s.event.ID; s.ID == "" {
		s.ID = epcis.Hash(&s.event)
	}
	return nil
}

// parseStored reads the text of an event that stands by itself.
func parseStored(text []byte) (epcis.Event, error) {
	d, err := epcis.ParseJSON(standalone(nil, text), epcis.Limits{})
	if err != nil {
		return epcis.Event{}, err
	}
	if len(d.Faults) > 0 {
		return epcis.Event{}, &epcis.Invalid{Faults: d.Faults}
	}
	return d.Events[0], nil
}

const contextHead = `{"@context":[`

// standalone appends an event as a document of its own: with the EPCIS context.
func standalone(dst, text []byte) []byte {
	dst = append(dst, contextHead+`"`+epcis.Context+`"`...)
	if rest, ok := strings.CutPrefix(string(text), contextHead); ok {
		return append(append(dst, ','), rest...)
	}
	return append(append(dst, "],"...), text[1:]...)
}

// AppendJSON appends the event as answers have it: with recordTime, and with its hash as eventID where it has no other.
func (s *Stored) AppendJSON(dst []byte, bare bool) []byte {
	head := `"recordTime":"` + s.Recorded.Format("2006-01-02T15:04:05.000Z") + `",`
	if s.event.ID == "" {
		head += `"eventID":"` + s.ID + `",`
	}
	text := s.Text
	if bare {
		text = standalone(nil, text)
	}
	return append(append(append(dst, '{'), head...), text[1:]...)
}

// byID finds events in sight by their eventID: the event, and the declarations that it was wrong.
func (l *ledger) byID(ctx context.Context, q queryer, v Sight, id string) ([]Stored, error) {
	var nums []int64
	column, value := "ident", identOf(id)
	if print, ok := printOf(id); ok {
		column, value = "fingerprint", print
	}
	look := func(where string) error {
		return eachRow(ctx, q, "SELECT e.num FROM trace_events e WHERE "+where+" AND "+v.condition("e")+" ORDER BY e.num LIMIT 100", nil, func(r *sql.Rows) error {
			var num int64
			err := r.Scan(&num)
			nums = append(nums, num)
			return err
		})
	}
	err := look(fmt.Sprintf("e.%s = %d", column, value))
	if err == nil && column == "fingerprint" { // a hash may also have been given as eventID by somebody who hashed otherwise
		err = look(fmt.Sprintf("e.ident = %d AND e.ident <> 0", identOf(id)))
	}
	if err != nil {
		return nil, wrap("find an event", err)
	}
	list, err := l.events(ctx, q, v, nums)
	out := list[:0]
	for _, s := range list {
		if s.ID == id || s.event.ID == id || epcis.Hash(&s.event) == id {
			out = append(out, s)
		}
	}
	return out, err
}

// printOf reads the fingerprint out of a hash that is an id.
func printOf(id string) (int64, bool) {
	rest, ok := strings.CutPrefix(id, "ni:///sha-256;")
	rest, ver := strings.CutSuffix(rest, "?ver=CBV2.0")
	if !ok || !ver || len(rest) != 64 {
		return 0, false
	}
	var n uint64
	for i := range 16 {
		c := rest[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return int64(n), true
}
