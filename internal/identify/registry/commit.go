package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/registry/index"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
)

// groupMost is how many changes share a commit at most; a request of its own may have more.
const groupMost = 10_000

// ErrStopped tells that the registry is closed.
var ErrStopped = errors.New("the identifier registry is closed")

// request is what somebody wants committed.
type request struct {
	by      IdentifierAuthor
	changes []Change
	whole   bool // all of them or none
	audit   []audit.Entry
	// within runs in the transaction; it sees what became of the changes. With it a request has a commit of its own.
	within func(ctx context.Context, tx bun.Tx, out *outcome) error
	// run is done in place of changes, while nothing is committed.
	run func(ctx context.Context) error

	ctx  context.Context
	done chan struct{}
	out  outcome
	err  error // of the whole
}

// outcome tells what became of the changes of a request.
type outcome struct {
	Serials []int64 // of each change; 0 where it was refused, or changed nothing
	Errors  []error // nil, or why not: *handle.Refusal or *problem.Error
	Refused int
}

// queue holds the requests that wait. Whoever waits and finds nobody committing commits for all: so a commit needs no goroutine of its own.
type queue struct {
	lead chan struct{} // held by whoever commits

	mu     sync.Mutex
	list   []*request
	closed bool
}

func newQueue() *queue { return &queue{lead: make(chan struct{}, 1)} }

func (q *queue) add(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.list = append(q.list, r)
	}
	return !q.closed
}

// remove takes a request out whose caller has gone; false where it is being committed, or was.
func (q *queue) remove(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.list, r)
	if i >= 0 {
		q.list = slices.Delete(q.list, i, i+1)
	}
	return i >= 0
}

// next takes the requests that share the next commit.
func (q *queue) next() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, changes := 0, 0
	for n < len(q.list) {
		r := q.list[n]
		alone := r.run != nil || r.within != nil
		if n > 0 && (alone || changes >= groupMost) {
			break
		}
		n, changes = n+1, changes+len(r.changes)
		if alone {
			break
		}
	}
	group := slices.Clone(q.list[:n])
	q.list = slices.Delete(q.list, 0, n)
	return group
}

// close ends the taking of requests and waits for whoever commits.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.lead <- struct{}{}
	<-q.lead
}

// submit waits until a request is durable, and in the index. It is never called within a transaction. Errors: ErrStopped, those of ctx and of the database; of a request that is whole
// that of its first change.
func (s *Service) submit(ctx context.Context, r *request) error {
	r.ctx, r.done = ctx, make(chan struct{})
	if !s.queue.add(r) {
		return ErrStopped
	}
	for {
		select {
		case <-r.done:
			return r.err
		case s.queue.lead <- struct{}{}:
			s.commitNext(r)
		case <-ctx.Done():
			if s.queue.remove(r) {
				return ctx.Err()
			}
			<-r.done // it is being committed
			return r.err
		}
	}
}

// commitNext commits what waits until a request is done.
func (s *Service) commitNext(r *request) {
	defer func() { <-s.queue.lead }()
	for {
		select {
		case <-r.done:
			return
		default:
		}
		group := s.queue.next()
		if len(group) == 0 { // whoever committed it has panicked
			r.err = errors.New("a commit ended without an answer")
			close(r.done)
			return
		}
		if one := group[0]; one.run != nil {
			one.err = one.run(one.ctx)
			close(one.done)
			continue
		}
		s.commit(context.Background(), group) // of nobody's transaction, and whoever has gone
	}
}

// alone runs fn while nothing is committed.
func (s *Service) alone(ctx context.Context, fn func(context.Context) error) error {
	return s.submit(ctx, &request{run: fn})
}

// commit makes one group durable. A group that fails for a reason of the database fails whole.
func (s *Service) commit(ctx context.Context, group []*request) {
	err := s.commitGroup(ctx, group)
	for _, r := range group {
		if r.err == nil {
			r.err = err
		}
		close(r.done)
	}
}

func (s *Service) commitGroup(ctx context.Context, group []*request) error {
	e := s.evaluate(ctx, group)
	now := max(s.o.Now().UnixNano(), s.last.At+1)
	c := commitRow{Number: s.last.Number + 1, At: now, First: s.serial + 1, Versions: int64(len(e.versions))}
	fresh := e.number(s, &c)
	if len(e.versions) == 0 && !e.more {
		return nil
	}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return e.write(ctx, s, tx, &c, fresh) })
	if err != nil {
		for _, a := range fresh {
			delete(s.authors, IdentifierAuthor{a.Kind, a.ID, a.Name, a.Via})
		}
		return fmt.Errorf("commit identifiers: %w", err)
	}
	for _, p := range e.prefixes {
		s.number = max(s.number, p.Number)
		s.prefixes.put(p, nil)
	}
	if len(e.versions) == 0 {
		return nil
	}
	s.last, s.serial = c, c.First+c.Versions-1
	if s.ready.Load() != 0 {
		if err := s.index.Apply(ctx, e.applied(), c.mark()); err != nil {
			s.log.Error("the identifier index does not take a commit; records are read from SQL until it does", "error", err)
			s.distrust()
		}
	}
	e.refer(s)
	if s.o.Book != nil {
		s.o.Book.Wake()
	}
	return nil
}

// number gives versions their serials and times, and the commit its hash. It returns the authors that are new.
func (e *evaluation) number(s *Service, c *commitRow) (fresh []authorRow) {
	e.records = make([][]byte, len(e.versions))
	for i := range e.versions {
		v := &e.versions[i]
		v.Serial, v.At, v.Until = c.First+int64(i), c.At, store.Forever
		if v.Gone() {
			v.Until = c.At
		}
		number, ok := s.authors[v.By]
		if !ok {
			number = int64(len(s.authors)) + 1
			s.authors[v.By] = number
			fresh = append(fresh, authorRow{Number: number, Kind: v.By.Kind, ID: v.By.ID, Name: v.By.Name, Via: v.By.Via})
		}
		e.authors = append(e.authors, number)
		e.records[i] = v.Canonical()
	}
	for _, before := range e.before {
		if before >= 0 { // followed in the same commit
			e.versions[before].Until = c.At
		}
	}
	chain := chainOf(s.last.Chain, c.Number, c.At, e.records)
	c.Chain = chain[:]
	for _, r := range e.results {
		r.tell(c.First)
	}
	return fresh
}

// write writes a commit.
func (e *evaluation) write(ctx context.Context, s *Service, tx bun.Tx, c *commitRow, fresh []authorRow) error {
	for _, p := range e.prefixes {
		if err := insertPrefix(ctx, tx, p, systemAuthor, "made with the handle of the prefix"); err != nil {
			return err
		}
	}
	if len(e.versions) > 0 {
		if len(fresh) > 0 {
			if _, err := tx.NewInsert().Model(&fresh).Exec(ctx); err != nil {
				return wrap("write authors", err)
			}
		}
		if _, err := tx.NewInsert().Model(c).Exec(ctx); err != nil {
			return wrap("write the commit", err)
		}
		if s.o.Book != nil {
			if err := s.o.Book.Put(ctx, tx, KindIdentifiers, c.Number, c.At, e.records); err != nil {
				return err
			}
		}
		if err := e.end(ctx, s, tx, c.At); err != nil {
			return err
		}
		rows := make([]versionRow, len(e.versions))
		for i := range e.versions {
			v := &e.versions[i]
			record := v.Record
			if record == nil {
				record = []byte{}
			}
			rows[i] = versionRow{Serial: v.Serial, IdentKey: e.keys[i], Prefix: v.Prefix, Name: string(v.Name), Operation: string(v.Operation), Author: e.authors[i], At: v.At, Until: v.Until, Template: v.Template, Record: record}
		}
		if err := s.statements.insert(ctx, tx, rows); err != nil {
			return err
		}
		if err := e.search(ctx, s, tx); err != nil {
			return err
		}
	}
	for _, r := range e.results {
		if r.within != nil && r.err == nil {
			if err := r.within(ctx, tx, &r.out); err != nil {
				return err
			}
		}
		for _, a := range r.audit {
			if r.err != nil || r.out.Refused == len(r.changes) {
				break
			}
			if err := audit.Record(ctx, tx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// end ends the versions that held before the commit, and takes them out of what is searched.
func (e *evaluation) end(ctx context.Context, s *Service, tx bun.Tx, at int64) error {
	end := tx.Tx.StmtContext(ctx, s.statements.end)
	for i := range e.versions {
		if e.before[i] != heldBefore {
			continue
		}
		var serial, template int64
		if err := end.QueryRowContext(ctx, at, e.keys[i]).Scan(&serial, &template); err != nil {
			return wrap("end a version", err)
		}
		if template == 0 {
			continue
		}
		if _, err := tx.Tx.StmtContext(ctx, s.statements.unvalue).ExecContext(ctx, serial); err != nil {
			return wrap("take values out of the search", err)
		}
		if err := s.words.remove(ctx, tx, serial); err != nil {
			return err
		}
	}
	return nil
}

// search makes the versions that hold findable by what their templates say.
func (e *evaluation) search(ctx context.Context, s *Service, tx bun.Tx) error {
	var values, texts []any
	for i := range e.versions {
		v := &e.versions[i]
		f := e.found[i]
		if f == nil || v.Until != store.Forever {
			continue
		}
		for _, x := range f.values {
			values = append(values, v.Serial, v.Prefix, x.item, x.word, x.number)
		}
		texts = append(texts, v.Serial, f.words)
	}
	if err := insertMany(ctx, tx, s.statements.values, s.statements.value, 5, values); err != nil {
		return wrap("write values for the search", err)
	}
	return wrap("write words for the search", insertMany(ctx, tx, s.statements.texts, s.statements.text, 2, texts))
}

// applied is the commit as the index takes it.
func (e *evaluation) applied() []index.Change {
	out := make([]index.Change, len(e.versions))
	for i := range e.versions {
		v := &e.versions[i]
		out[i] = index.Change{Name: []byte(v.Name), Record: v.Record}
	}
	return out
}

// refer brings the referrals of prefixes up to what their handles say now.
func (e *evaluation) refer(s *Service) {
	for i := range e.versions {
		v := &e.versions[i]
		if prefix, ok := v.Name.OfPrefix(); ok {
			if p, ok := s.prefixes.get(folded(prefix)); ok {
				s.prefixes.put(p.Prefix, v.Record)
			}
		}
	}
}

// prefixKey is the key of the handle of a folded prefix.
func prefixKey(prefix string) []byte { return []byte(handle.NamingPrefix + "/" + prefix) }

// systemAuthor is the node itself.
var systemAuthor = IdentifierAuthor{Kind: "system", Name: "node", Via: "node"}

// seconds is a time as values carry it.
func seconds(t time.Time) uint32 { return uint32(t.Unix()) }
