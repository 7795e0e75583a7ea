package rollup

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/uptrace/bun"

	"jingwei/bench/result"
	"jingwei/bench/trial"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/store"
)

// The goals of the product for a province.
const (
	fullSeconds    = 60.0
	restateSeconds = 5.0
	memoryMiB      = 2700.0
)

// Options of a run.
type Options struct {
	Seed        uint64
	Enterprises int
	Indicators  int
	Months      int
	Database    string // "postgres://…" of an empty database; SQLite in a folder of its own when nothing is said
}

// measurement is a run.
type measurement struct {
	o       Options
	w       *world
	dir     string // "" where a database was named
	db      *store.DB
	store   *figure.Store
	streams *streams
	random  *rand.Rand
	ctx     context.Context
}

// open sets a province up, in an empty database.
func open(ctx context.Context, o Options) (*measurement, error) {
	t := &measurement{o: o, streams: &streams{}, random: rand.New(rand.NewPCG(o.Seed, 0)), ctx: ctx}
	var err error
	if t.w, err = newWorld(o); err != nil {
		return nil, err
	}
	address := o.Database
	if address == "" {
		if t.dir, err = os.MkdirTemp("", "jingwei-rollup-"); err != nil {
			return nil, err
		}
		address = "sqlite:" + filepath.Join(t.dir, "records.db")
	}
	if t.db, err = store.Open(ctx, address, store.Options{}); err == nil {
		if t.store, err = figure.OpenStore(ctx, t.db); err == nil {
			err = t.keeper()
		}
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// close ends it, and removes what it wrote.
func (t *measurement) close() {
	if t.db != nil {
		_ = t.db.Close()
	}
	if t.dir != "" {
		_ = os.RemoveAll(t.dir)
	}
}

// Run measures.
func Run(ctx context.Context, o Options, out io.Writer) (*result.Result, error) {
	t, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer t.close()
	r := result.New("rollup", o.Seed)
	r.Versions["go"] = runtime.Version()
	fmt.Fprintf(out, "%d enterprises, %d indicators, %d months: %d observations\n", o.Enterprises, len(t.w.library.Definitions()), o.Months, o.Enterprises*len(t.w.library.Definitions())*o.Months)
	loaded, err := t.load()
	if err != nil {
		return nil, err
	}
	all := float64(o.Enterprises * len(t.w.library.Definitions()) * o.Months)
	table := result.Table{Head: []string{"", "seconds", "CPU seconds", "observations a CPU second"}}
	row := func(name string, c cost, n float64) {
		table.Add(name, result.Number(c.wall), result.Number(c.cpu), result.Number(n/c.cpu))
	}
	row("given observations written to the store", loaded, all)
	c := t.composer()
	full, figures, err := t.full(c)
	if err != nil {
		return nil, err
	}
	row(fmt.Sprintf("full: %d figures, from every observation", figures), full, all)
	r.Figures["fullSeconds"], r.Figures["fullCPUSeconds"], r.Figures["figures"] = full.wall, full.cpu, figures
	columns := float64(len(t.w.library.Definitions()) * o.Months)
	month, err := t.restated(c, o.Enterprises/100, 1)
	if err != nil {
		return nil, err
	}
	n := o.Enterprises / 100 * len(t.w.library.Definitions())
	row(fmt.Sprintf("restated: %d observations of one month", n), month, float64(n))
	var points []cost
	for _, x := range strewn {
		n := float64(max(1, o.Enterprises*x.permille/1000)) * columns
		some, err := t.restated(c, max(1, o.Enterprises*x.permille/1000), o.Months)
		if err != nil {
			return nil, err
		}
		row(fmt.Sprintf("restated: %.0f observations over every column, %s of all", n, x.share), some, n)
		r.Figures[x.name+"CPUSeconds"], r.Figures[x.name+"Seconds"] = some.cpu, some.wall
		some.n, some.touched = n, some.touched*columns
		points = append(points, some)
		if x.permille == 10 && o.Enterprises == 40_000 && o.Indicators == 65 && o.Months == 12 {
			r.AtMost("restating 1 % of all over every column, CPU s", some.cpu, restateSeconds)
		}
	}
	each, touch := fit(points)
	r.Figures["microsecondsAnObservation"], r.Figures["millisecondsAColumn"] = each*1e6, touch*1e3
	memory := float64(trial.PeakRSS()) / (1 << 20)
	r.Figures["peakMiB"] = memory
	fmt.Fprintln(out, table.String())
	fmt.Fprintf(out, "restating costs %.1f µs of CPU for each observation that has changed and %.2f ms for each column that a commit touches\n", each*1e6, touch*1e3)
	fmt.Fprintf(out, "greatest memory of the process: %.0f MiB\n", memory)
	if o.Enterprises == 40_000 && o.Indicators == 65 && o.Months == 12 {
		r.AtMost("full computation, s", full.wall, fullSeconds)
		r.AtMost("memory, MiB", memory, memoryMiB)
	}
	return r, nil
}

// strewn is what is restated over every column: the enterprises that say something else of everything.
var strewn = []struct {
	permille    int
	share, name string
}{{1, "0.1 %", "restatedLittle"}, {10, "1 %", "restated"}, {50, "5 %", "restatedMuch"}}

// cost is what something took.
type cost struct {
	wall, cpu float64 // seconds
	n         float64 // observations
	touched   float64 // columns, as often as a commit touched each; of restated commits
}

// fit is what an observation and what touching a column costs, in CPU seconds: by least squares of the relative errors.
func fit(points []cost) (each, touch float64) {
	var nn, nk, kk, n1, k1 float64
	for _, p := range points {
		n, k := p.n/p.cpu, p.touched/p.cpu
		nn, nk, kk, n1, k1 = nn+n*n, nk+n*k, kk+k*k, n1+n, k1+k
	}
	if d := nn*kk - nk*nk; d > 0 {
		return (n1*kk - k1*nk) / d, (k1*nn - n1*nk) / d
	}
	return 0, 0
}

// took is what do takes.
func took(do func() error) (cost, error) {
	begun, cpu := time.Now(), trial.CPUTime()
	err := do()
	return cost{wall: time.Since(begun).Seconds(), cpu: trial.CPUTime() - cpu}, err
}

func (t *measurement) keeper() error {
	_, err := t.db.NewRaw("INSERT INTO figure_keeper (org, version, scope, adopted, reason, actor, at) VALUES (?, 1, '430000', '[]', 'bench', '{}', 1)", t.w.keeper.String()).Exec(t.ctx)
	return err
}

func (t *measurement) composer() *figure.Composer {
	return figure.NewComposer(figure.ComposerOptions{Store: t.store, Library: t.w.library, Sources: t.w, Changes: t.w, Agreements: t.w, Streams: t.streams, Log: t.w, Node: t.w.node, Now: func() time.Time { return t.w.now }})
}

func (t *measurement) column(d *indicator.Definition, p indicator.Period) figure.ColumnKey {
	return figure.ColumnKey{Keeper: t.w.keeper, Source: figure.Remote, Indicator: d.ID, Kind: p.Kind, Period: p.Label}
}

// load puts what enterprises have given into the store.
func (t *measurement) load() (all cost, err error) {
	for _, d := range t.w.library.Definitions() {
		for _, p := range t.w.months() {
			var c figure.Commit
			for i := range t.w.firms {
				o := Said(t.random, d)
				c.PutRow(t.column(d, p), figure.Row{Code: t.w.firms[i].Code, Observation: o.Encode()})
			}
			x, err := took(func() error {
				return t.db.InTx(t.ctx, func(ctx context.Context, tx bun.Tx) error {
					_, err := t.store.Write(ctx, tx, &c, t.w.now)
					return err
				})
			})
			if err != nil {
				return all, err
			}
			all.wall, all.cpu = all.wall+x.wall, all.cpu+x.cpu
		}
	}
	return all, nil
}

// full works everything out. Everything is marked, as after a change of what the keeper has figures of.
func (t *measurement) full(c *figure.Composer) (cost, int, error) {
	if err := t.store.Mark(t.ctx, t.db, figure.Dirty{Keeper: t.w.keeper}); err != nil {
		return cost{}, 0, err
	}
	all, err := took(func() error { return c.Settled(t.ctx) })
	if err != nil {
		return all, 0, err
	}
	n := 0
	for _, p := range t.w.months() {
		list, _, err := t.store.List(t.ctx, t.db, figure.Board{Keeper: t.w.keeper, Kind: p.Kind, Period: p.Label}, store.Page{Limit: store.MaxLimit})
		if err != nil {
			return all, 0, err
		}
		n += len(list)
	}
	if want := len(t.w.library.Definitions()) * t.o.Months; n != want {
		return all, 0, fmt.Errorf("%d figures were worked out of %d", n, want)
	}
	return all, n, nil
}

// restated has enterprises say something else of all indicators in some months, and waits until every figure says so.
func (t *measurement) restated(c *figure.Composer, enterprises, months int) (cost, error) {
	for _, i := range t.random.Perm(len(t.w.firms))[:enterprises] {
		id := t.w.agreed[i].ID
		for _, d := range t.w.library.Definitions() {
			for _, p := range t.w.months()[:months] {
				o := Said(t.random, d)
				h, err := figure.ParseHash(d.Hash())
				if err != nil {
					return cost{}, err
				}
				t.streams.bring(id, figure.Tell(&figure.TellObservation{Definition: h, Observation: o.Encode(),
					Key: figure.Key{Indicator: d.ID, Filter: figure.All, Kind: p.Kind, Period: p.Label, Code: t.w.firms[i].Code}}))
			}
		}
		c.Incoming(id)
	}
	runtime.GC() // what the bench has made is not charged to what is measured
	before, err := t.commits()
	if err != nil {
		return cost{}, err
	}
	all, err := took(func() error { return c.Settled(t.ctx) })
	if err != nil {
		return all, err
	}
	t.streams.forget()
	after, err := t.commits()
	all.touched = after - before
	return all, err
}

// commits is how many there have been that wrote figures or observations.
func (t *measurement) commits() (float64, error) {
	n, err := t.db.NewSelect().Table("figure_batch").Count(t.ctx)
	return float64(n), err
}
