package trace

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/audit"
)

// job is what is captured at once and stands or falls together: a capture job of EPCIS, a group of the evidence log.
type job struct {
	id      uuid.UUID
	org     uuid.UUID
	orgNum  int64
	proceed bool // leave out what is refused, in place of refusing all
	total   int  // events that came
	entries []*entry
	faults  []epcis.Fault
	index   []int // of each entry in the document
	audit   audit.Entry

	done       chan struct{}
	err        error
	recorded   int64
	first      int64 // number of the first event that is new
	duplicates int
	ids        []string // of all events, new and known
}

// commitEvents is how many events one transaction writes at most, if single jobs are not larger.
const commitEvents = 20_000

// commit writes a job and returns when it is on the medium. Jobs that wait at the same time are written together.
func (l *ledger) commit(now func() time.Time, j *job) error {
	j.done = make(chan struct{})
	l.mu.Lock()
	l.queue = append(l.queue, j)
	if !l.busy {
		l.busy = true
		go l.drain(now)
	}
	l.mu.Unlock()
	<-j.done
	return j.err
}

// drain writes what waits until nothing does.
func (l *ledger) drain(now func() time.Time) {
	for {
		l.mu.Lock()
		n, events := 0, 0
		for n < len(l.queue) && (n == 0 || events+len(l.queue[n].entries) <= commitEvents) {
			events += len(l.queue[n].entries)
			n++
		}
		if n == 0 {
			l.busy = false
			l.mu.Unlock()
			return
		}
		batch := append([]*job(nil), l.queue[:n]...)
		l.queue = l.queue[n:]
		l.mu.Unlock()
		l.write(context.Background(), now, batch)
		for _, j := range batch {
			close(j.done)
		}
	}
}

// write writes jobs in one transaction. A job that is refused takes no other with it.
func (l *ledger) write(ctx context.Context, now func() time.Time, batch []*job) {
	var next counters
	var fresh map[string]int64
	err := l.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		next, fresh = l.next, map[string]int64{}
		w := &writing{l: l, ctx: ctx, tx: tx, next: &next, fresh: fresh}
		w.begin()
		for _, j := range batch {
			// The node's own time of a job never goes back, whatever its clock does.
			j.err, j.duplicates, j.first, j.ids = nil, 0, 0, make([]string, len(j.entries))
			j.recorded = max(now().UnixNano(), next.recorded)
			next.recorded = j.recorded
			if err := w.job(j); err != nil {
				return err
			}
		}
		return w.end()
	})
	for _, j := range batch {
		if err != nil {
			j.err = wrap("write events", err)
		}
	}
	if err == nil {
		l.next = next
		l.names.putAll(fresh)
	}
}

// writing is one transaction.
type writing struct {
	l     *ledger
	ctx   context.Context
	tx    bun.Tx
	next  *counters
	fresh map[string]int64    // identifiers that it numbered
	seen  map[[2]int64]string // ids of its own events by organisation and fingerprint
	taken map[[2]int64]bool   // and eventIDs

	names, pages, events, links, shares, used *bulk
	usedSeen                                  map[[3]int64]bool
}

func (w *writing) begin() {
	in := func(table, columns, tail string) *bulk {
		return newBulk(w.ctx, w.tx, w.l.db.Engine(), table, columns, tail)
	}
	w.seen, w.taken, w.usedSeen = map[[2]int64]string{}, map[[2]int64]bool{}, map[[3]int64]bool{}
	w.names = in("trace_names", "num, name", "")
	w.pages = in("trace_pages", "num, body", "")
	w.events = in("trace_events", "num, org, capture, kind, action, at, step, disposition, point, place, flags, page, slot, fingerprint, ident, digest, members", "")
	w.links = in("trace_links", "name, event, role", " ON CONFLICT DO NOTHING")
	w.shares = in("trace_shares", "event, org", " ON CONFLICT DO NOTHING")
	w.used = in("trace_used", "org, kind, name", " ON CONFLICT DO NOTHING")
}

func (w *writing) end() error {
	for _, b := range []*bulk{w.names, w.pages, w.events, w.links, w.shares, w.used} {
		if err := b.end(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) job(j *job) error {
	known, err := w.known(j)
	if err != nil {
		return err
	}
	faults := append([]epcis.Fault(nil), j.faults...)
	keep := make([]*entry, 0, len(j.entries))
	for i, x := range j.entries {
		j.ids[i] = x.event.ID
		if j.ids[i] == "" {
			j.ids[i] = epcis.HashOf(x.digest)
		}
		switch id, taken, err := w.meets(j, x, known); {
		case err != nil:
			return err
		case id != "": // it is known by the id that it has
			j.ids[i] = id
			j.duplicates++
		case taken:
			faults = append(faults, epcis.Fault{Event: j.index[i], Path: "eventID", Value: x.event.ID, Rule: epcis.RuleTaken})
		default:
			keep = append(keep, x)
			w.seen[[2]int64{j.orgNum, x.print}] = j.ids[i]
			if x.ident != 0 && x.event.Error == nil {
				w.taken[[2]int64{j.orgNum, x.ident}] = true
			}
		}
	}
	success := len(faults) == 0 || j.proceed
	if !success {
		for _, x := range keep {
			delete(w.seen, [2]int64{j.orgNum, x.print})
			delete(w.taken, [2]int64{j.orgNum, x.ident})
		}
		keep = nil
		j.duplicates = 0
	}
	j.faults, j.first = faults, w.next.event
	if err := w.put(j, keep); err != nil {
		return err
	}
	if err := w.prove(j, keep); err != nil {
		return err
	}
	return w.capture(j, len(keep), success)
}

// known reads which fingerprints and eventIDs of a job are in the tables already, of the same organisation.
func (w *writing) known(j *job) (map[int64]int64, error) {
	out := map[int64]int64{}
	var prints, idents []int64
	for _, x := range j.entries {
		prints = append(prints, x.print)
		if x.ident != 0 && x.event.Error == nil {
			idents = append(idents, x.ident)
		}
	}
	look := func(column, more string, list []int64, sign int64) error {
		for len(list) > 0 {
			n := min(len(list), chunk)
			err := eachRow(w.ctx, w.tx.Tx, fmt.Sprintf("SELECT %s, num FROM trace_events WHERE %s IN (%s) AND org = %d%s", column, column, numbers(list[:n]), j.orgNum, more), nil,
				func(r *sql.Rows) error {
					var print, num int64
					err := r.Scan(&print, &num)
					out[print] = sign * num
					return err
				})
			if err != nil {
				return err
			}
			list = list[n:]
		}
		return nil
	}
	if err := look("ident", fmt.Sprintf(" AND ident <> 0 AND flags & %d = 0", flagError), idents, -1); err != nil {
		return nil, err
	}
	return out, look("fingerprint", "", prints, 1)
}

// meets tells by which id an event is known already, and whether another event has its id.
func (w *writing) meets(j *job, x *entry, known map[int64]int64) (id string, taken bool, err error) {
	if id := w.seen[[2]int64{j.orgNum, x.print}]; id != "" {
		return id, false, nil
	}
	if num := known[x.print]; num > 0 {
		// The fingerprint is the beginning of a hash; two events with the same are told apart by all of it.
		old, err := w.l.event(w.ctx, w.tx.Tx, num)
		if err != nil {
			return "", false, err
		}
		if epcis.Digest(&old.event) == x.digest {
			return old.ID, false, nil
		}
	}
	taken = x.ident != 0 && x.event.Error == nil && (w.taken[[2]int64{j.orgNum, x.ident}] || known[x.ident] < 0)
	return "", taken, nil
}

// capture writes what became of a job, with its entry of the audit log.
func (w *writing) capture(j *job, events int, success bool) error {
	faults, err := json.Marshal(j.faults)
	if err != nil {
		return err
	}
	actor, err := json.Marshal(j.audit.Actor)
	if err != nil {
		return err
	}
	query := "INSERT INTO trace_captures (num, id, org, actor, created, finished, proceed, success, total, first, events, duplicates, faults) VALUES (" +
		w.l.marks(1, 13) + ")"
	_, err = w.tx.Tx.ExecContext(w.ctx, query, w.next.capture, j.id.String(), j.orgNum, string(actor), j.recorded, j.recorded, j.proceed, success, j.total, j.first,
		events, j.duplicates, string(faults))
	if err != nil {
		return err
	}
	w.next.capture++
	a := j.audit
	a.Time, a.Org, a.Object = time.Unix(0, j.recorded).UTC(), j.org, audit.Object{Kind: "trace.capture", ID: j.id.String()}
	a.After = audit.State(map[string]any{"events": events, "duplicates": j.duplicates, "faults": len(j.faults), "of": j.total})
	return audit.Record(w.ctx, w.tx, a)
}
