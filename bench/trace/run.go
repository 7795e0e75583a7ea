// Package trace is `jingwei bench trace`: how fast events of things are captured, what they take on disk, and how fast a lot is
// followed and recalled.
package trace

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/google/uuid"

	"jingwei/bench/result"
	"jingwei/bench/trial"
	"jingwei/internal/identify/trace"
	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
)

// Options of a run.
type Options struct {
	Seed   uint64
	Events int
	Dir    string

	recalled int // units that a lot went into; 100,000 when nothing is said
}

// perGroup is how many events are captured at once.
const perGroup = 1000

// Run measures.
func Run(ctx context.Context, o Options, w io.Writer) (*result.Result, error) {
	dir, err := os.MkdirTemp(o.Dir, "jingwei-bench-trace-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if o.recalled == 0 {
		o.recalled = recalled
	}
	r := result.New("trace", o.Seed)
	r.Versions["go"] = runtime.Version()
	b := &bench{Options: o, dir: dir, r: r, w: w, org: uuid.Must(uuid.NewV7())}
	for _, step := range []func(context.Context) error{b.capture, b.limit, b.documents, b.follow} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return r, nil
}

type bench struct {
	Options
	dir string
	r   *result.Result
	w   io.Writer
	org uuid.UUID

	deep, last, wide string
	descendants      int
	rate             float64
}

// open opens a node's ledger in the folder; run ends what goes on beside.
func (b *bench) open(ctx context.Context) (s *trace.Service, end func() error, err error) {
	db, err := store.Open(ctx, store.SQLiteURL(filepath.Join(b.dir, "records.db")), store.Options{})
	if err != nil {
		return nil, nil, err
	}
	if err := audit.Migrate(ctx, db); err != nil {
		return nil, nil, err
	}
	keys, err := evidence.LoadKeys(file.OS(), b.dir, "bench.trace")
	if err != nil {
		return nil, nil, err
	}
	log, err := evidence.Open(evidence.Options{FS: file.OS(), Dir: filepath.Join(b.dir, "evidence"), Origin: "bench.trace", Keys: keys, Now: time.Now})
	if err != nil {
		return nil, nil, err
	}
	book, err := group.OpenBook(ctx, group.Options{DB: db, Log: log, Node: uuid.Must(uuid.NewV7()), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	if s, err = trace.New(ctx, trace.Options{DB: db, Book: book, Key: []byte("bench"), Now: time.Now}); err != nil {
		return nil, nil, err
	}
	running, stop := context.WithCancel(ctx)
	sealed, done := make(chan struct{}), make(chan error, 1)
	go func() { defer close(sealed); _ = book.Run(running) }()
	go func() { done <- s.Run(running) }()
	return s, func() error {
		stop()
		err := <-done
		<-sealed
		for _, e := range []error{log.Close(), db.Close()} {
			if err == nil {
				err = e
			}
		}
		return err
	}, nil
}

// eachGroup makes the events and gives them in groups: ordinary trade, and the two lots in the middle of it.
func (b *bench) eachGroup(fn func([]epcis.Event) error) error {
	m := newMaker(b.Seed)
	var group []epcis.Event
	n := 0
	put := func(list []epcis.Event) error {
		for _, e := range list {
			group = append(group, e)
			if n++; len(group) == perGroup {
				if err := fn(group); err != nil {
					return err
				}
				group = nil
			}
		}
		return nil
	}
	deep, first, last, descendants := m.deep()
	wide, lot := m.wide(b.recalled)
	b.deep, b.last, b.descendants, b.wide = first, last, descendants, lot
	m.at = began.Add(24 * time.Hour)
	special := len(deep) + len(wide)
	for n < b.Events {
		if special > 0 && n >= (b.Events-special)/2 {
			special = 0
			if err := put(deep); err != nil {
				return err
			}
			if err := put(wide); err != nil {
				return err
			}
		}
		if err := put(m.pallet()); err != nil {
			return err
		}
	}
	if len(group) > 0 {
		return fn(group)
	}
	return nil
}

func (b *bench) capture(ctx context.Context) error {
	s, end, err := b.open(ctx)
	if err != nil {
		return err
	}
	var events, bytes int
	var spent time.Duration
	cpu := 0.0
	next := b.Events / 5
	err = b.eachGroup(func(group []epcis.Event) error {
		before, start := trial.CPUTime(), time.Now()
		c, err := s.Record(ctx, b.org, "bench", group...)
		spent += time.Since(start)
		cpu += trial.CPUTime() - before
		if err != nil {
			return err
		}
		if c.Events != len(group) {
			return fmt.Errorf("%d events of %d are new", c.Events, len(group))
		}
		events += len(group)
		if events >= next {
			next += b.Events / 5
			_, _ = fmt.Fprintf(b.w, "%d events, %.0f/s so far\n", events, float64(events)/spent.Seconds())
		}
		for i := range group[:min(20, len(group))] {
			bytes += len(epcis.AppendJSON(nil, &group[i]))
		}
		return ctx.Err()
	})
	if err := firstOf(err, end()); err != nil {
		return err
	}
	size, err := b.size("records.db")
	if err != nil {
		return err
	}
	b.rate = float64(events) / spent.Seconds()
	b.r.Figures["events"] = events
	b.r.Figures["captureRate"] = b.rate
	b.r.Figures["captureCPUMicros"] = cpu / float64(events) * 1e6
	b.r.Figures["bytesPerEvent"] = float64(size) / float64(events)
	t := result.Table{Head: []string{"captured", "events", "seconds", "events/s", "CPU µs/event", "bytes/event on disk"}}
	t.Add("Record, groups of 1,000, durable", fmt.Sprint(events), fmt.Sprintf("%.1f", spent.Seconds()), fmt.Sprintf("%.0f", b.rate), fmt.Sprintf("%.1f", cpu/float64(events)*1e6), fmt.Sprintf("%.0f", float64(size)/float64(events)))
	_, _ = fmt.Fprint(b.w, t.String())
	return nil
}

func firstOf(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) size(name string) (int64, error) {
	var sum int64
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(filepath.Join(b.dir, name+suffix))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		sum += info.Size()
	}
	return sum, nil
}

// limit puts the same texts in the same groups into a table with nothing beside it.
func (b *bench) limit(ctx context.Context) error {
	db, err := store.Open(ctx, store.SQLiteURL(filepath.Join(b.dir, "bare.db")), store.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.DB.DB.ExecContext(ctx, "CREATE TABLE bare (num INTEGER PRIMARY KEY, body BLOB NOT NULL)"); err != nil {
		return err
	}
	var spent time.Duration
	n, most := 0, min(b.Events, 200_000)
	err = b.eachGroup(func(group []epcis.Event) error {
		if n >= most {
			return errDone
		}
		texts := make([][]byte, len(group))
		for i := range group {
			epcis.Check(&group[i])
			texts[i] = epcis.AppendJSON(nil, &group[i])
		}
		start := time.Now()
		err := bare(ctx, db.DB.DB, n, texts)
		spent += time.Since(start)
		n += len(group)
		return err
	})
	if err != nil && err != errDone {
		return err
	}
	size, err := b.size("bare.db")
	if err != nil {
		return err
	}
	rate := float64(n) / spent.Seconds()
	b.r.Figures["bareRate"], b.r.Figures["bareBytesPerEvent"], b.r.Figures["ofBare"] = rate, float64(size)/float64(n), b.rate/rate
	t := result.Table{Head: []string{"the limit", "events", "seconds", "events/s", "", "bytes/event"}}
	t.Add("bare insert of the same texts, same groups, same fsync", fmt.Sprint(n), fmt.Sprintf("%.1f", spent.Seconds()), fmt.Sprintf("%.0f", rate), "", fmt.Sprintf("%.0f", float64(size)/float64(n)))
	_, _ = fmt.Fprint(b.w, t.String())
	return nil
}

var errDone = fmt.Errorf("enough")

func bare(ctx context.Context, db *sql.DB, from int, texts [][]byte) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	q, err := tx.PrepareContext(ctx, "INSERT INTO bare (num, body) VALUES (?, ?)")
	if err != nil {
		return err
	}
	for i, text := range texts {
		if _, err := q.ExecContext(ctx, from+i, text); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// documents captures documents in JSON-LD as they come over HTTP: read, checked, hashed, kept.
func (b *bench) documents(ctx context.Context) error {
	s, end, err := b.open(ctx)
	if err != nil {
		return err
	}
	m := newMaker(b.Seed + 1)
	m.unit, m.sscc, m.lot, m.at = 500_000_000, 500_000_000, 5_000_000, began.Add(300*24*time.Hour)
	var spent time.Duration
	n, most := 0, min(b.Events/2, 50_000)
	for n < most && err == nil {
		doc := []byte(`{"@context":["` + epcis.Context + `"],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-01-01T00:00:00Z","epcisBody":{"eventList":[`)
		count := 0
		for count < perGroup {
			for _, e := range m.pallet() {
				epcis.Check(&e)
				if count++; count > 1 {
					doc = append(doc, ',')
				}
				doc = epcis.AppendJSON(doc, &e)
			}
		}
		doc = append(doc, "]}}"...)
		start := time.Now()
		var d *epcis.Document
		if d, err = epcis.ParseJSON(doc, epcis.Limits{}); err == nil {
			_, err = s.Capture(auth.AsSystem(ctx, "bench"), b.org, d, false)
		}
		spent += time.Since(start)
		n += count
	}
	if err := firstOf(err, end()); err != nil {
		return err
	}
	rate := float64(n) / spent.Seconds()
	b.r.Figures["documentRate"] = rate
	_, _ = fmt.Fprintf(b.w, "documents in JSON-LD of 1,000 events: %.0f events/s\n", rate)
	return nil
}

// rounds is how often each question is asked; the first time it is cold.
const rounds = 7

func (b *bench) follow(ctx context.Context) error {
	s, end, err := b.open(ctx)
	if err != nil {
		return err
	}
	ctx = auth.AsSystem(ctx, "bench")
	t := result.Table{Head: []string{"asked, after opening anew", "things", "first, ms", "median, ms", "worst, ms", "CPU, median ms"}}
	ask := func(name, figure string, goal float64, fn func() (int, error)) {
		var took, cpu []float64
		things := 0
		for range rounds {
			before, start := trial.CPUTime(), time.Now()
			n, e := fn()
			cpu = append(cpu, (trial.CPUTime()-before)*1000)
			if e != nil && err == nil {
				err = fmt.Errorf("%s: %w", name, e)
			}
			things = n
			took = append(took, float64(time.Since(start).Microseconds())/1000)
		}
		m := result.Median(took)
		t.Add(name, fmt.Sprint(things), fmt.Sprintf("%.1f", took[0]), fmt.Sprintf("%.1f", m.Median), fmt.Sprintf("%.1f", m.Most), fmt.Sprintf("%.1f", result.Median(cpu).Median))
		b.r.Figures[figure+"CPUMillis"] = result.Median(cpu).Median
		b.r.Figures[figure+"FirstMillis"], b.r.Figures[figure+"Millis"], b.r.Figures[figure+"Things"] = took[0], m.Median, things
		b.r.AtMost(figure+" ms", m.Median, goal)
	}
	ask("trace of a lot forward, depth 12", "forward", 200, func() (int, error) {
		x, err := s.Trace(ctx, trace.Ask{ID: b.deep, Direction: trace.Forward})
		return len(x.Nodes) - 1, err
	})
	ask("trace of a unit back, depth 12", "back", 200, func() (int, error) {
		x, err := s.Trace(ctx, trace.Ask{ID: b.last, Direction: trace.Backward})
		return len(x.Nodes) - 1, err
	})
	ask("recall list of a lot", "recall", 2000, func() (int, error) {
		x, err := s.Recall(ctx, b.wide)
		return x.Total - 1, err
	})
	b.r.Holds("every descendant is found", b.r.Figures["forwardThings"] == b.descendants && b.r.Figures["recallThings"] == b.recalled && b.r.Figures["backThings"] == deepLevels)
	_, _ = fmt.Fprint(b.w, t.String())
	return firstOf(err, end())
}
