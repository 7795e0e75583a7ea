package late

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/bench/result"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/calendar"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/rollup/kept"
)

const (
	history  = 70 * 24 * time.Hour // of samples: the month before this one is whole in it
	interval = 5 * time.Minute
)

var levels = []rollup.Level{rollup.LevelHour, rollup.LevelShift, rollup.LevelDay, rollup.LevelMonth}

// twoShifts is a plant that works in two shifts, which do not begin on the hour.
const twoShifts = `{"zone":"Asia/Shanghai","dayStart":"07:50","patterns":[{"shifts":[
	{"id":"e","name":{"zh":"早","en":"early"},"start":"07:50","end":"19:50"},{"id":"l","name":{"zh":"晚","en":"late"},"start":"19:50","end":"07:50"}],
	"cycle":{"first":"2020-01-01","days":[[{"shift":"e"},{"shift":"l"}]]}}]}`

// Restated is what late samples did to roll-ups.
type Restated struct {
	Series   int           `json:"series"`
	Kept     uint64        `json:"rowsKept"` // before
	Samples  int           `json:"lateSamples"`
	Minute   result.Spread `json:"minuteMs"`    // until the minute says so
	Answers  result.Spread `json:"answersMs"`   // until every level does, computed from samples where no kept row is right
	All      result.Spread `json:"allLevelsMs"` // until a kept row of every level does
	Rows     uint64        `json:"rowsWritten"`
	Told     int           `json:"restatementsTold"`
	Stray    int           `json:"others"` // restatements of other series or other buckets, and rows beyond those told
	Settling float64       `json:"firstRowsSeconds"`
}

// plant is journal, store, records and the keeper of roll-ups in this process, on the disk to be measured.
type plant struct {
	journal *log.Log
	store   *telemetry.Store
	db      *store.DB
	keeper  *kept.Service
	org     uuid.UUID
	ids     []uuid.UUID
	refs    []telemetry.Ref
	seq     uint64
	stop    context.CancelFunc
	work    sync.WaitGroup
}

func openPlant(ctx context.Context, dir string, series int) (p *plant, err error) {
	p = &plant{org: uuid.NewSHA1(uuid.NameSpaceOID, []byte("works")), stop: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return p, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return p, err
	}
	if p.db, err = store.Open(ctx, (&url.URL{Scheme: "sqlite", Path: filepath.Join(dir, "records.db")}).String(), store.Options{}); err != nil {
		return p, err
	}
	if err := audit.Migrate(ctx, p.db); err != nil {
		return p, err
	}
	catalog, err := telemetry.NewSQLCatalog(ctx, p.db)
	if err != nil {
		return p, err
	}
	quiet := slog.New(slog.DiscardHandler)
	if p.journal, err = log.Open(log.Options{FS: file.OS(), Dir: filepath.Join(dir, "log"), Keepers: []string{telemetry.Keeper}, Logger: quiet}); err != nil {
		return p, err
	}
	if p.store, err = telemetry.Open(ctx, telemetry.Options{FS: file.OS(), Dir: filepath.Join(dir, "telemetry"), Log: p.journal, Catalog: catalog}); err != nil {
		return p, err
	}
	var d []telemetry.Declaration
	for i := range series {
		p.ids = append(p.ids, uuid.NewSHA1(p.org, fmt.Appendf(nil, "series %d", i)))
		d = append(d, telemetry.Declaration{ID: p.ids[i], Org: p.org, Type: telemetry.Float64, Unit: "kW", Report: telemetry.Periodic, MaxSilence: 2 * interval})
	}
	if p.refs, err = p.store.Declare(ctx, d); err != nil {
		return p, err
	}
	works, err := calendar.Parse([]byte(twoShifts))
	if err != nil {
		return p, err
	}
	p.keeper, err = kept.New(ctx, kept.Options{DB: p.db, Store: p.store, Now: time.Now, Logger: quiet, Patience: -1,
		Calendars: func(_ context.Context, _ uuid.UUID, from, to int64) ([]kept.CalendarSpan, error) {
			return []kept.CalendarSpan{{From: from, To: to, Calendar: works}}, nil
		}})
	return p, err
}

// keep lets the keeper work.
func (p *plant) keep(ctx context.Context) {
	ctx, p.stop = context.WithCancel(ctx)
	p.work.Go(func() { _ = p.keeper.Run(ctx) }) // it ends with its context, without an error
}

func (p *plant) close() error {
	p.stop()
	p.work.Wait()
	var errs []error
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.journal != nil {
		errs = append(errs, p.journal.Close())
	}
	if p.db != nil {
		errs = append(errs, p.db.Close())
	}
	return errors.Join(errs...)
}

// send appends samples of one series and returns when they are acknowledged.
func (p *plant) send(ctx context.Context, series int, at []int64, value func(i int) float64) error {
	b := telemetry.Batch{Origin: telemetry.Measured}
	for i, t := range at {
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, p.refs[series]), append(b.Time, t), append(b.Gateway, t), append(b.Bits, math.Float64bits(value(i)))
	}
	p.seq++
	answer := make(chan error, 1)
	if err := p.store.Append(ctx, uuid.NewSHA1(p.org, []byte("gateway")), 1, p.seq, &b, func(_ telemetry.Receipt, err error) { answer <- err }); err != nil {
		return err
	}
	return <-answer
}

// row reads the row of a level that holds a time.
func (p *plant) row(ctx context.Context, series int, level rollup.Level, at int64) (kept.Result, error) {
	rows, err := p.keeper.Read(ctx, kept.Question{Series: p.ids[series], Level: level, Span: telemetry.Span{From: at, To: at + 1}})
	if err != nil {
		return kept.Result{}, err
	}
	if len(rows) != 1 {
		return kept.Result{}, fmt.Errorf("%d rows of level %s hold one time", len(rows), level)
	}
	return rows[0], nil
}

// wait looks until done is true.
func wait(ctx context.Context, what string, least time.Duration, done func() (bool, error)) error {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(least):
		}
	}
	return fmt.Errorf("%s did not come about in two minutes", what)
}

// restatement sends one late sample after the other and waits until every level says so.
func (b *bench) restatement(ctx context.Context) (err error) {
	p, err := openPlant(ctx, filepath.Join(b.dir, "plant"), b.plan.series)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	now := time.Now().UTC()
	begin := now.Add(-history).Truncate(interval)
	b.o.progress("restatement: %d series, %v of samples", b.plan.series, history)
	var at []int64
	for t := begin; t.Before(now.Add(-time.Hour)); t = t.Add(interval) {
		at = append(at, t.UnixNano())
	}
	for series := range p.ids {
		if err := p.send(ctx, series, at, func(i int) float64 { return float64((i+series)%100) / 8 }); err != nil {
			return err
		}
	}
	p.keep(ctx)
	out := Restated{Series: b.plan.series, Samples: b.plan.times}
	began := time.Now()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).Add(-10 * 24 * time.Hour).UnixNano() // in the month before
	if err := wait(ctx, "the first rows of all series", 50*time.Millisecond, func() (bool, error) {
		if s := p.keeper.Stats(); s.Failures > 0 {
			return false, fmt.Errorf("the keeper failed %d times", s.Failures)
		}
		for series := range p.ids {
			if r, err := p.row(ctx, series, rollup.LevelMonth, month); err != nil || !r.Kept {
				return false, err
			}
		}
		return p.keeper.Stats().Dirty == 0, nil
	}); err != nil {
		return err
	}
	out.Settling = time.Since(began).Seconds()
	if err := p.calm(ctx); err != nil {
		return err
	}
	out.Kept = p.keeper.Stats().Rows
	rng := rand.New(rand.NewPCG(b.o.Seed, 5))
	var minute, answers, all []float64
	for range b.plan.times {
		// Between two samples, in the ten days before the one by which the month was known: all four buckets have ended.
		series, t := rng.IntN(len(p.ids)), month-int64(rng.IntN(10*24*12))*int64(interval)
		t = t - t%int64(interval) + int64(100*time.Second) + int64(rng.IntN(1000))*int64(time.Millisecond)
		one, err := p.late(ctx, series, t, 1000+rng.Float64())
		if err != nil {
			return err
		}
		minute, answers, all = append(minute, one.minute), append(answers, one.answers), append(all, one.all)
		out.Rows += one.rows
		out.Told += one.told
		out.Stray += one.stray
	}
	out.Minute, out.Answers, out.All = result.Median(minute), result.Median(answers), result.Median(all)
	b.r.Figures["restatement"] = out
	b.r.Note("a node works in a late sample at once, and those of the 15 s after it together; here each counts as the first. Answers are right meanwhile")
	b.r.AtMost("one late sample: slowest right answer of all levels, ms", out.Answers.Most, 1000)
	b.r.AtMost("one late sample: slowest restatement of minute, hour, shift, day and month, ms", out.All.Most, 1000)
	b.r.AtMost("rows or restatements of anything else", float64(out.Stray), 0)
	b.r.Holds("each late sample restates one row of each level that is kept", out.Told == len(levels)*out.Samples && out.Rows == uint64(out.Told))
	b.o.progress("first rows after %.1f s", out.Settling)
	t := result.Table{Head: []string{"one late sample, until it is told, ms", "median", "longest", "times"}}
	t.Add("by the minute", result.Number(out.Minute.Median), result.Number(out.Minute.Most), fmt.Sprint(out.Minute.Runs))
	t.Add("in answers for hour, shift, day and month too", result.Number(out.Answers.Median), result.Number(out.Answers.Most), fmt.Sprint(out.Answers.Runs))
	t.Add("by kept rows of these, restated", result.Number(out.All.Median), result.Number(out.All.Most), fmt.Sprint(out.All.Runs))
	_, err = io.WriteString(b.out, t.String()+fmt.Sprintf("%d rows were kept; %d were written anew, %d restatements told, %d of anything else\n", out.Kept, out.Rows, out.Told, out.Stray))
	return err
}

// calm waits until the keeper has written nothing for more than a round.
func (p *plant) calm(ctx context.Context) error {
	rows, since := p.keeper.Stats().Rows, time.Now()
	return wait(ctx, "an end of the keeper's work", 50*time.Millisecond, func() (bool, error) {
		s := p.keeper.Stats()
		if s.Rows != rows || s.Dirty > 0 {
			rows, since = s.Rows, time.Now()
		}
		return time.Since(since) > 1500*time.Millisecond, nil
	})
}

// one is what one late sample did.
type one struct {
	minute, answers, all float64 // ms
	rows                 uint64
	told, stray          int
}

// late sends one late sample, and counts everything that is written and told because of it.
func (p *plant) late(ctx context.Context, series int, at int64, value float64) (o one, err error) {
	cursor, before := p.keeper.Newest(), p.keeper.Stats().Rows
	was := map[rollup.Level]kept.Result{}
	for _, l := range levels {
		if was[l], err = p.row(ctx, series, l, at); err != nil {
			return o, err
		}
	}
	began := time.Now()
	if err := p.send(ctx, series, []int64{at}, func(int) float64 { return value }); err != nil {
		return o, err
	}
	r, err := p.row(ctx, series, rollup.LevelMinute, at) // computed when it is asked for
	if err != nil {
		return o, err
	}
	o.minute = float64(time.Since(began)) / 1e6
	if r.Received != 1 {
		return o, fmt.Errorf("the minute of a late sample has %d samples", r.Received)
	}
	for _, l := range levels {
		if r, err = p.row(ctx, series, l, at); err != nil {
			return o, err
		}
		if r.Received != was[l].Received+1 {
			return o, fmt.Errorf("the %s of a late sample that is acknowledged has %d samples, it had %d", l, r.Received, was[l].Received)
		}
	}
	o.answers = float64(time.Since(began)) / 1e6
	for _, l := range levels {
		if err := wait(ctx, "the restatement of "+l.String(), 2*time.Millisecond, func() (bool, error) {
			r, err := p.row(ctx, series, l, at)
			return r.Kept && r.Revision == was[l].Revision+1 && r.Received == was[l].Received+1, err
		}); err != nil {
			return o, err
		}
	}
	o.all = float64(time.Since(began)) / 1e6
	if err := p.calm(ctx); err != nil {
		return o, err
	}
	o.rows = p.keeper.Stats().Rows - before
	told, _, err := p.keeper.Since(ctx, auth.System(p.org), cursor, 0, kept.RestatementFilter{})
	if err != nil {
		return o, err
	}
	for _, t := range told {
		if o.told++; t.Series != p.ids[series] || t.From > at || t.To <= at {
			o.stray++
		}
	}
	o.stray += max(int(o.rows)-o.told, 0)
	return o, nil
}
