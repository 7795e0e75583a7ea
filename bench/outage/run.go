package outage

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"jingwei/bench/result"
)

// The goals of the product.
const (
	goalLinked  = 60.0     // seconds until all are linked again
	goalRecords = 20_000.0 // records a second in all
)

// Options of a run.
type Options struct {
	Seed     uint64
	Children int
	Figures  int
	Rounds   int
	Away     time.Duration // that the parent is away at least: waits between attempts to dial have grown by then
	Parts    int           // processes of children
	Dir      string        // folder on the disk that is measured
	Program  string        // this program
}

// run is a measurement under way.
type run struct {
	o        Options
	p        *plan
	dir      string
	out      io.Writer
	parent   *part
	children []*part
	link     string
}

// Run measures.
func Run(ctx context.Context, o Options, out io.Writer) (*result.Result, error) {
	dir, err := os.MkdirTemp(o.Dir, "jingwei-outage-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t := &run{o: o, dir: dir, out: out, link: "127.0.0.1:0"}
	t.p = &plan{Seed: o.Seed, Children: o.Children, Figures: o.Figures, Rounds: o.Rounds, Day: time.Now().UTC().Format(time.DateOnly)}
	if err := t.p.open(); err != nil {
		return nil, err
	}
	defer func() {
		t.parent.stop()
		for _, c := range t.children {
			c.stop()
		}
	}()
	if err := t.setUp(ctx); err != nil {
		return nil, fmt.Errorf("link %d children: %w", o.Children, err)
	}
	before, err := t.outage(ctx)
	if err != nil {
		return nil, fmt.Errorf("take the parent away: %w", err)
	}
	back, err := t.back(ctx)
	if err != nil {
		return nil, fmt.Errorf("bring the parent back: %w", err)
	}
	checked, err := t.parent.ask(order{Do: "verify"})
	if err != nil {
		return nil, err
	}
	t.parent.stop()
	for _, c := range t.children {
		c.stop()
	}
	bareTook, bareCPU, bareBytes, err := t.bare(ctx)
	if err != nil {
		return nil, fmt.Errorf("the bare loop: %w", err)
	}
	return t.tell(before, back, checked, bareTook, bareCPU, bareBytes), nil
}

func (t *run) flags(role string) []string {
	p := t.p
	return []string{role, "--dir", t.dir, "--seed", strconv.FormatUint(p.Seed, 10), "--children", strconv.Itoa(p.Children), "--figures", strconv.Itoa(p.Figures), "--rounds", strconv.Itoa(p.Rounds), "--day", p.Day}
}

// startParent starts the parent; the seconds are those until it listens.
func (t *run) startParent(ctx context.Context) (err error) {
	if t.parent, err = start(ctx, t.o.Program, t.dir, "parent", append(t.flags("parent"), "--link", t.link)...); err != nil {
		return err
	}
	a, err := t.parent.ask(order{Do: "link"})
	t.link = a.Link
	return err
}

// setUp starts everything, and has all children linked and agreed with.
func (t *run) setUp(ctx context.Context) error {
	began := time.Now()
	if err := t.startParent(ctx); err != nil {
		return err
	}
	invited, err := t.parent.ask(order{Do: "invite", N: t.o.Children})
	if err != nil {
		return err
	}
	per := (t.o.Children + t.o.Parts - 1) / t.o.Parts
	for first := 0; first < t.o.Children; first += per {
		end := min(first+per, t.o.Children)
		c, err := start(ctx, t.o.Program, t.dir, fmt.Sprintf("children-%d", first), append(t.flags("children"), "--first", strconv.Itoa(first), "--end", strconv.Itoa(end))...)
		if err != nil {
			return err
		}
		t.children = append(t.children, c)
	}
	if err := t.everyChild(func(i int) order {
		return order{Do: "join", Codes: invited.Codes[i*per : min((i+1)*per, t.o.Children)]}
	}); err != nil {
		return err
	}
	if err := t.until(ctx, time.Minute, "all are linked", func(a *answer) bool { return a.Linked == t.o.Children }); err != nil {
		return err
	}
	if _, err := t.parent.ask(order{Do: "agree"}); err != nil {
		return err
	}
	if err := t.everyChild(func(int) order { return order{Do: "accept"} }); err != nil {
		return err
	}
	// What new agreements make the figure room do is no part of an outage.
	a, err := t.parent.ask(order{Do: "stats"})
	if err != nil {
		return err
	}
	idle := a.Idle
	if err := t.until(ctx, 5*time.Minute, "the figure room has nothing to do", func(a *answer) bool { return a.Idle > idle+2 }); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%d children linked and agreed with after %.0f s\n", t.o.Children, time.Since(began).Seconds())
	return nil
}

// everyChild gives an order to all processes of children at once.
func (t *run) everyChild(do func(i int) order) error {
	errs := make([]error, len(t.children))
	var work sync.WaitGroup
	for i, c := range t.children {
		work.Go(func() { _, errs[i] = c.ask(do(i)) })
	}
	work.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// until waits for something that the parent tells.
func (t *run) until(ctx context.Context, within time.Duration, what string, holds func(*answer) bool) error {
	for end := time.Now().Add(within); ; {
		a, err := t.parent.ask(order{Do: "stats"})
		if err != nil {
			return err
		}
		if holds(&a) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("not within %v: %s: %+v", within, what, a)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// standing is what a parent takes before it goes.
type standing struct {
	records  int64 // that it held
	memory   float64
	stats    answer
	putting  float64 // seconds that all took to put one hour's records
	attempts time.Duration
}

// outage kills the parent while the first round is on its way, and has the children put what an hour brings.
func (t *run) outage(ctx context.Context) (b standing, err error) {
	put := make(chan error, 1)
	go func() { put <- t.everyChild(func(int) order { return order{Do: "put"} }) }()
	half := int64(t.o.Children * (t.o.Figures + 2) / 2)
	err = t.until(ctx, 2*time.Minute, "half of the first records have come", func(a *answer) bool { b.stats = *a; return a.Records >= half })
	if err != nil {
		return b, err
	}
	_, b.memory, _ = t.parent.usage()
	b.records = b.stats.Records
	t.parent.kill()
	gone := time.Now()
	if err := <-put; err != nil {
		return b, err
	}
	for round := 1; round <= t.o.Rounds; round++ {
		if err := t.everyChild(func(int) order { return order{Do: "put", N: round} }); err != nil {
			return b, err
		}
	}
	b.putting = time.Since(gone).Seconds()
	fmt.Fprintf(t.out, "parent killed while it held %d records; %d rounds put in %.0f s\n", b.records, t.o.Rounds, b.putting)
	select {
	case <-time.After(t.o.Away - time.Since(gone)):
	case <-ctx.Done():
		return b, ctx.Err()
	}
	b.attempts = time.Since(gone)
	return b, nil
}

// returned is what was seen after the parent came back. Seconds are since its process was started.
type returned struct {
	listens, firstLinked, linked, drained, taken, figures, checked float64
	records                                                        int64
	busiest                                                        float64 // records a second over the best five seconds
	memory, cpu, childrenCPU                                       float64
	cpuDrained                                                     float64
	routines, files                                                int
	repairs                                                        int64
}

func (t *run) back(ctx context.Context) (b returned, err error) {
	childrenBefore := t.childrenCPU()
	began := time.Now()
	if err := t.startParent(ctx); err != nil {
		return b, err
	}
	since := func() float64 { return time.Since(began).Seconds() }
	b.listens = since()
	all := int64(t.o.Children * t.p.each())
	type moment struct {
		at      float64
		records int64
	}
	var past []moment
	first, idle := int64(-1), int64(-1)
	for told := 0.0; ; {
		a, err := t.parent.ask(order{Do: "stats"})
		if err != nil {
			return b, err
		}
		now := since()
		cpu, _, most := t.parent.usage()
		b.memory, b.routines, b.files, b.repairs = most, max(b.routines, a.Routine), max(b.files, a.Files), a.Repairs
		if first < 0 {
			first = a.Records
		}
		past = append(past, moment{now, a.Records})
		for i := range past {
			if d := now - past[i].at; d >= 5 && d < 6 {
				b.busiest = max(b.busiest, float64(a.Records-past[i].records)/d)
				break
			}
		}
		mark := func(at *float64, holds bool) {
			if *at == 0 && holds {
				*at = now
			}
		}
		mark(&b.firstLinked, a.Linked > 0)
		if b.linked == 0 && a.Linked == t.o.Children {
			if _, err := t.parent.ask(order{Do: "heap"}); err != nil {
				return b, err
			}
		}
		mark(&b.linked, a.Linked == t.o.Children)
		if b.drained == 0 && a.Records == all {
			b.drained, b.cpuDrained, b.records = now, cpu, a.Records-first
		}
		if a.Taken == all && idle < 0 {
			idle = a.Idle
		}
		mark(&b.taken, a.Taken == all)
		mark(&b.figures, idle >= 0 && a.Idle > idle+1)
		mark(&b.checked, a.Checked == t.o.Children && a.Records == all)
		if now-told > 5 {
			told = now
			fmt.Fprintf(t.out, "%5.1f s: %d linked, %d of %d records durable, %d taken into figures, %d streams compared, parent %.0f MiB, %.1f s of processor time\n", now, a.Linked, a.Records, all, a.Taken, a.Checked, most, cpu)
		}
		if b.linked > 0 && b.drained > 0 && b.figures > 0 && b.checked > 0 {
			b.cpu, b.childrenCPU = cpu, t.childrenCPU()-childrenBefore
			return b, t.settled(ctx)
		}
		if a.Records > all {
			return b, fmt.Errorf("the parent holds %d records of %d", a.Records, all)
		}
		if now > 900 {
			return b, fmt.Errorf("after %.0f s: %+v", now, a)
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return b, ctx.Err()
		}
	}
}

// settled waits until every child knows that all it has put was taken.
func (t *run) settled(ctx context.Context) error {
	for end := time.Now().Add(30 * time.Second); ; {
		var acked, put int64
		for _, c := range t.children {
			a, err := c.ask(order{Do: "stats"})
			if err != nil {
				return err
			}
			acked, put = acked+a.Records, put+a.Bytes
		}
		if acked == put {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("children know %d of %d records as taken", acked, put)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *run) childrenCPU() (sum float64) {
	for _, c := range t.children {
		cpu, _, _ := c.usage()
		sum += cpu
	}
	return sum
}

// bare runs the bare loop with what each child has kept.
func (t *run) bare(ctx context.Context) (took, cpu float64, size int64, err error) {
	list := loads(t.p)
	for _, l := range list {
		size += int64(len(l))
	}
	self := &part{}
	self.cmd = selfCommand()
	before, _, _ := self.usage()
	d, err := bare(ctx, t.dir, list)
	after, _, _ := self.usage()
	return d.Seconds(), after - before, size, err
}

func (t *run) tell(before standing, b returned, checked answer, bareTook, bareCPU float64, bareBytes int64) *result.Result {
	r := result.New("outage", t.o.Seed)
	r.Versions["go"] = runtime.Version()
	whole := b.drained - b.listens
	rate, megabytes := float64(b.records)/whole, float64(bareBytes)/1e6
	table := result.Table{Head: []string{"", "", ""}}
	row := func(name string, value float64, unit string) { table.Add(name, result.Number(value), unit) }
	row("children", float64(t.o.Children), "")
	row("kept by them while the parent was away", float64(b.records), fmt.Sprintf("records, %.0f MB", megabytes))
	row("parent killed until it listens again", before.attempts.Seconds()+b.listens, "s")
	row("listens", b.listens, "s after its start")
	row("first child linked", b.firstLinked, "s")
	row("every child linked", b.linked, "s")
	row("everything durable", b.drained, "s")
	row("all ranges compared", b.checked, "s")
	row("everything taken into the figure room", b.taken, "s")
	row("every figure worked out", b.figures, "s")
	row("drained, from listening to the last record", rate, "records a second")
	row("", megabytes/whole, "MB a second")
	row("drained in the best five seconds", b.busiest, "records a second")
	row("memory of the parent before", before.memory, "MiB")
	row("memory of the parent at its peak", b.memory, "MiB")
	row("its goroutines at most", float64(b.routines), "")
	row("its file descriptors at most", float64(b.files), "")
	row("its processor time until everything was durable", b.cpuDrained, "s")
	row("its processor time until every figure was worked out", b.cpu, "s")
	row("processor time of the children", b.childrenCPU, "s")
	row("bare loop: the same bytes, connections and syncs", bareTook, "s")
	row("its processor time, both ends", bareCPU, "s")
	row("drained over the bare loop", whole/bareTook, "times its time")
	fmt.Fprintln(t.out, table.String())
	for name, v := range map[string]any{"linkedSeconds": b.linked, "drainedSeconds": b.drained, "recordsPerSecond": rate, "busiest": b.busiest, "takenSeconds": b.taken, "figuresSeconds": b.figures, "checkedSeconds": b.checked, "memoryBefore": before.memory, "memoryPeak": b.memory,
		"goroutines": b.routines, "descriptors": b.files, "parentCPU": b.cpuDrained, "parentCPUFigures": b.cpu, "childrenCPU": b.childrenCPU, "bareSeconds": bareTook, "bareCPU": bareCPU, "records": b.records, "megabytes": megabytes} {
		r.Figures[name] = v
	}
	r.Holds("every record stands once, in order, as it was put", len(checked.Wrong) == 0 && checked.Records == int64(t.o.Children*t.p.each()))
	r.Holds("every figure is what the children said last", len(checked.Wrong) == 0 && checked.Figures == t.o.Figures)
	r.Holds("nothing had to be repaired", b.repairs == 0)
	if t.o.Children >= 1000 {
		r.AtMost("all children linked again, s", b.linked, goalLinked)
		r.AtLeast("drained, records a second", rate, goalRecords)
	}
	for _, w := range checked.Wrong {
		r.Note("wrong: %s", w)
	}
	r.Note("an hour: %d figures of each child restated every five minutes, %d times, each time with the proof of the commit", t.o.Figures, t.o.Rounds)
	return r
}

func folder(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return os.TempDir(), nil
	}
	return cache, os.MkdirAll(filepath.Clean(cache), 0o700)
}
