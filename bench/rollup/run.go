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

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/bench/result"
	"jingwei/bench/trial"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/store"
)

// fullSeconds is the goal of the product for the full computation.
const fullSeconds = 60.0

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
	db      *store.DB
	store   *figure.Store
	streams *streams
	random  *rand.Rand
	ctx     context.Context
}

// Run measures. Times are of the wall.
func Run(ctx context.Context, o Options, out io.Writer) (*result.Result, error) {
	t := &measurement{o: o, streams: &streams{came: map[uuid.UUID][][]byte{}}, random: rand.New(rand.NewPCG(o.Seed, 0)), ctx: ctx}
	var err error
	if t.w, err = newWorld(o); err != nil {
		return nil, err
	}
	address := o.Database
	if address == "" {
		dir, err := os.MkdirTemp("", "jingwei-rollup-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		address = "sqlite:" + filepath.Join(dir, "records.db")
	}
	if t.db, err = store.Open(ctx, address, store.Options{}); err != nil {
		return nil, err
	}
	defer t.db.Close()
	if t.store, err = figure.OpenStore(ctx, t.db); err != nil {
		return nil, err
	}
	if err := t.keeper(); err != nil {
		return nil, err
	}
	r := result.New("rollup", o.Seed)
	r.Versions["go"] = runtime.Version()
	fmt.Fprintf(out, "%d enterprises, %d indicators, %d months: %d observations\n", o.Enterprises, len(t.w.library.Definitions()), o.Months, o.Enterprises*len(t.w.library.Definitions())*o.Months)
	loaded, err := t.load()
	if err != nil {
		return nil, err
	}
	table := result.Table{Head: []string{"", "seconds", "observations a second"}}
	all := float64(o.Enterprises * len(t.w.library.Definitions()) * o.Months)
	row := func(name string, d time.Duration, n float64) {
		table.Add(name, result.Number(d.Seconds()), result.Number(n/d.Seconds()))
	}
	row("given observations written to the store", loaded, all)
	c := t.composer()
	full, figures, err := t.full(c)
	if err != nil {
		return nil, err
	}
	row(fmt.Sprintf("full: %d figures, from every observation", figures), full, all)
	r.Figures["fullSeconds"], r.Figures["figures"] = full.Seconds(), figures
	month := o.Enterprises / 100 * len(t.w.library.Definitions())
	some, err := t.restated(c, o.Enterprises/100, 1)
	if err != nil {
		return nil, err
	}
	row(fmt.Sprintf("restated: %d observations of one month", month), some, float64(month))
	every, err := t.restated(c, o.Enterprises/100, o.Months)
	if err != nil {
		return nil, err
	}
	row(fmt.Sprintf("restated: %d observations, 1 %% of all", month*o.Months), every, float64(month*o.Months))
	r.Figures["restatedSeconds"] = every.Seconds()
	memory := float64(trial.PeakRSS()) / (1 << 20)
	r.Figures["peakMiB"] = memory
	fmt.Fprintln(out, table.String())
	fmt.Fprintf(out, "greatest memory of the process: %.0f MiB\n", memory)
	if o.Enterprises == 40_000 && o.Indicators == 65 && o.Months == 12 {
		r.AtMost("full computation, s", full.Seconds(), fullSeconds)
		r.AtMost("restating 1 % of all over the full computation", every.Seconds()/full.Seconds(), 0.5)
	}
	return r, nil
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
func (t *measurement) load() (time.Duration, error) {
	var took time.Duration
	for _, d := range t.w.library.Definitions() {
		for _, p := range t.w.months() {
			var c figure.Commit
			for i := range t.w.firms {
				o := said(t.random, d)
				c.PutRow(t.column(d, p), figure.Row{Code: t.w.firms[i].Code, Observation: o.Encode()})
			}
			begun := time.Now()
			err := t.db.InTx(t.ctx, func(ctx context.Context, tx bun.Tx) error {
				_, err := t.store.Write(ctx, tx, &c, t.w.now)
				return err
			})
			if err != nil {
				return 0, err
			}
			took += time.Since(begun)
		}
	}
	return took, nil
}

// full works everything out. Everything is marked, as after a change of what the keeper has figures of.
func (t *measurement) full(c *figure.Composer) (time.Duration, int, error) {
	if err := t.store.Mark(t.ctx, t.db, figure.Dirty{Keeper: t.w.keeper}); err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	if err := c.Settled(t.ctx); err != nil {
		return 0, 0, err
	}
	took, n := time.Since(begun), 0
	for _, p := range t.w.months() {
		list, _, err := t.store.List(t.ctx, t.db, figure.Board{Keeper: t.w.keeper, Kind: p.Kind, Period: p.Label}, store.Page{Limit: store.MaxLimit})
		if err != nil {
			return 0, 0, err
		}
		n += len(list)
	}
	if want := len(t.w.library.Definitions()) * t.o.Months; n != want {
		return 0, 0, fmt.Errorf("%d figures were worked out of %d", n, want)
	}
	return took, n, nil
}

// restated has enterprises say something else of all indicators in some months, and waits until every figure says so.
func (t *measurement) restated(c *figure.Composer, enterprises, months int) (time.Duration, error) {
	for range enterprises {
		i := t.random.IntN(len(t.w.firms))
		id := t.w.agreed[i].ID
		for _, d := range t.w.library.Definitions() {
			for _, p := range t.w.months()[:months] {
				o := said(t.random, d)
				h, err := figure.ParseHash(d.Hash())
				if err != nil {
					return 0, err
				}
				t.streams.came[id] = append(t.streams.came[id], figure.Tell(&figure.TellObservation{Definition: h, Observation: o.Encode(),
					Key: figure.Key{Indicator: d.ID, Filter: figure.All, Kind: p.Kind, Period: p.Label, Code: t.w.firms[i].Code}})...)
			}
		}
		c.Incoming(id)
	}
	begun := time.Now()
	err := c.Settled(t.ctx)
	return time.Since(begun), err
}
