package trace

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/store"
)

// Captured tells what became of what was captured.
type Captured struct {
	ID         uuid.UUID
	Org        uuid.UUID
	Created    time.Time
	Success    bool
	Proceed    bool
	Total      int // events that came
	Events     int // of them new
	Duplicates int // known before, or twice in the document
	Faults     []epcis.Fault
	EventIDs   []string // of the events of this call that were taken or known; nil where it is read later
}

// Capture takes the events of a document for an organisation. It returns when they are on the medium. Without proceed one fault
// refuses all; with it the events that have faults are left out. What was captured before, by the same organisation, is known
// again by its hash and taken as done. Errors: a document that cannot be read at all; ErrTooLarge for more events than a group of the
// evidence log has; those of auth.Allow and of the database.
func (s *Service) Capture(ctx context.Context, org uuid.UUID, d *epcis.Document, proceed bool) (Captured, error) {
	scope, err := auth.Allow(ctx, auth.Operate, org)
	if err != nil {
		return Captured{}, err
	}
	o := auth.OriginFrom(ctx)
	p := scope.Principal()
	return s.capture(ctx, org, d, proceed, audit.Entry{Actor: auth.ActorOf(p), Via: p.Via, Verb: "trace.capture", Remote: o.Remote, Trace: o.Trace})
}

func (s *Service) capture(ctx context.Context, org uuid.UUID, d *epcis.Document, proceed bool, a audit.Entry) (Captured, error) {
	if len(d.Events) > group.Most {
		return Captured{}, ErrTooLarge.At("body", "").With("max", mostEvents)
	}
	num, err := s.l.number(ctx, org)
	if err != nil {
		return Captured{}, err
	}
	if err := ctx.Err(); err != nil {
		return Captured{}, err
	}
	j := &job{id: uuid.Must(uuid.NewV7()), org: org, orgNum: num, proceed: proceed, total: len(d.Events), faults: append([]epcis.Fault(nil), d.Faults...), audit: a}
	latest := s.o.Now().Add(s.o.Tolerance)
	faulty := make([]bool, len(d.Events))
	for _, f := range d.Faults {
		if f.Event >= 0 {
			faulty[f.Event] = true
		}
	}
	for i := range d.Events {
		if faulty[i] {
			continue
		}
		e := &d.Events[i]
		if rule := timely(e.Time.At, latest); rule != "" {
			j.faults = append(j.faults, epcis.Fault{Event: i, Path: within(d, i, "eventTime"), Value: e.Time.String(), Rule: rule})
			continue
		}
		if e.Error != nil && e.Error.Time.At.After(latest) {
			j.faults = append(j.faults, epcis.Fault{Event: i, Path: within(d, i, "errorDeclaration.declarationTime"), Value: e.Error.Time.String(), Rule: epcis.RuleFuture})
			continue
		}
		j.entries, j.index = append(j.entries, prepare(e)), append(j.index, i)
	}
	if err := s.l.commit(s.o.Now, j); err != nil {
		return Captured{}, err
	}
	for i := range j.faults {
		if f := &j.faults[i]; f.Rule == epcis.RuleTaken {
			f.Path = within(d, f.Event, "eventID")
		}
	}
	out := Captured{ID: j.id, Org: org, Created: time.Unix(0, j.recorded).UTC(), Success: len(j.faults) == 0 || proceed, Proceed: proceed, Total: j.total,
		Duplicates: j.duplicates, Faults: j.faults}
	if out.Success {
		taken := map[int]bool{}
		for _, f := range j.faults {
			taken[f.Event] = true
		}
		for i, id := range j.ids {
			if !taken[j.index[i]] {
				out.EventIDs = append(out.EventIDs, id)
			}
		}
		out.Events = len(out.EventIDs) - j.duplicates
		s.captured()
	}
	return out, nil
}

// timely tells which rule a time breaks: it is kept in nanoseconds since 1970, and the future has not happened.
func timely(t, latest time.Time) epcis.Rule {
	switch {
	case t.Year() < 1900:
		return epcis.RuleTime
	case t.After(latest):
		return epcis.RuleFuture
	}
	return ""
}

func within(d *epcis.Document, i int, field string) string {
	if i >= len(d.At) || d.At[i] == "" {
		return field
	}
	return d.At[i] + "." + field
}

const captureColumns = "c.id, o.org, c.created, c.success, c.proceed, c.total, c.events, c.duplicates, c.faults"

func scanCapture(r interface{ Scan(...any) error }) (c Captured, err error) {
	var id, org, faults string
	var created int64
	if err = r.Scan(&id, &org, &created, &c.Success, &c.Proceed, &c.Total, &c.Events, &c.Duplicates, &faults); err != nil {
		return c, err
	}
	c.ID, c.Org, c.Created = store.ID(id), store.ID(org), time.Unix(0, created).UTC()
	return c, json.Unmarshal([]byte(faults), &c.Faults)
}

// Job reads what became of a capture. Only the organisation that captured, and who sees all, finds it. Error: store.ErrNotFound.
func (s *Service) Job(ctx context.Context, id uuid.UUID) (Captured, error) {
	v, err := s.sight(ctx)
	if err != nil {
		return Captured{}, err
	}
	row := s.l.raw().QueryRowContext(ctx, "SELECT "+captureColumns+" FROM trace_captures c JOIN trace_orgs o ON o.num = c.org WHERE c.id = "+s.l.marks(1, 1)+" AND "+v.own("c.org"), id.String())
	c, err := scanCapture(row)
	return c, wrap("capture "+id.String(), err)
}

// Jobs lists captures, the newest first, from before a number on (0: from the newest).
func (s *Service) Jobs(ctx context.Context, before int64, limit int) (list []Captured, next int64, err error) {
	v, err := s.sight(ctx)
	if err != nil {
		return nil, 0, err
	}
	where := v.own("c.org")
	if before > 0 {
		where += " AND c.num < " + numbers([]int64{before})
	}
	query := "SELECT c.num, " + captureColumns + " FROM trace_captures c JOIN trace_orgs o ON o.num = c.org WHERE " + where + " ORDER BY c.num DESC LIMIT " + numbers([]int64{int64(limit) + 1})
	err = eachRow(ctx, s.l.raw(), query, nil, func(r *sql.Rows) error {
		var num int64
		c, err := scanCapture(numbered{r, &num})
		if len(list) == limit {
			next = before
			return errEnough
		}
		list, before = append(list, c), num
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return list, next, wrap("list captures", err)
}

var errEnough = errors.New("enough")

// numbered reads a number before the rest of a row.
type numbered struct {
	r   *sql.Rows
	num *int64
}

func (n numbered) Scan(to ...any) error { return n.r.Scan(append([]any{n.num}, to...)...) }
