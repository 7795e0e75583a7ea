package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"jingwei/internal/kernel/file/fault"
)

// trial is one run of the property test.
type trial struct {
	t     *testing.T
	r     *rand.Rand
	n     *node
	disk  *fault.Disk
	m     *model
	refs  []Ref
	where int64 // live source time
	texts []string
	trace []string
}

func (x *trial) fatal(format string, a ...any) {
	x.t.Helper()
	for _, l := range x.trace[max(0, len(x.trace)-40):] {
		x.t.Log(l)
	}
	x.t.Fatalf(format, a...)
}

func (x *trial) note(format string, a ...any) { x.trace = append(x.trace, fmt.Sprintf(format, a...)) }

func (x *trial) value(series int) Value {
	r := x.r
	switch x.m.types[series] {
	case Float64:
		pool := []uint64{0, 1, 1 << 63, 1<<63 | 1, 0x7FF8000000000001, 0xFFF0DEAD00000000 | 0x000F000000000000, math.Float64bits(math.MaxFloat64), math.Float64bits(0.1)}
		if r.IntN(12) == 0 {
			return Value{Type: Float64, Bits: pool[r.IntN(len(pool))]}
		}
		return Value{Type: Float64, Bits: math.Float64bits(math.Round(50+r.NormFloat64()*30) / 10)}
	case Int64:
		if r.IntN(12) == 0 {
			return Value{Type: Int64, Bits: r.Uint64()}
		}
		return Value{Type: Int64, Bits: uint64(r.Int64N(1000) - 500)}
	case Bool:
		return Value{Type: Bool, Bits: r.Uint64() & 1}
	}
	return Value{Type: String, Text: x.texts[r.IntN(len(x.texts))]}
}

// batch makes a batch of up to 60 rows: live, late, of a time seen before, dated ahead.
func (x *trial) batch() (*Batch, []row) {
	r := x.r
	b := &Batch{Origin: Measured, Status: []Status{}, Flags: []Flags{}}
	if r.IntN(10) == 0 {
		b.Origin = Manual
	}
	var rows []row
	x.where += int64(r.IntN(4000)) * int64(time.Millisecond)
	base := x.where
	switch r.IntN(12) {
	case 0:
		base -= int64(r.IntN(600)) * int64(time.Second)
	case 1:
		base -= int64(r.IntN(40*24)) * int64(time.Hour)
	case 2:
		base = x.n.clock.t + int64(r.IntN(1800))*int64(time.Second)
	}
	every := r.IntN(3) == 0
	for i := range x.m.types {
		if !every && r.IntN(3) == 0 {
			continue
		}
		for range 1 + r.IntN(3) {
			s := Sample{Time: base, Value: x.value(i), Origin: b.Origin}
			if r.IntN(15) == 0 {
				s.Time += int64(r.IntN(3)) * int64(time.Second)
			}
			if old := x.m.stored[i]; len(old) > 0 && r.IntN(20) == 0 {
				o := old[r.IntN(len(old))]
				s.Time = o.Time
				switch r.IntN(4) {
				case 0, 1:
					s.Value, s.Status = o.Value, o.Status
					s.Flags = o.Flags & NoValue
				case 2:
					s.Revision = 1 + uint32(r.IntN(3))
				default:
					s.Revision, s.Flags, s.Status = 1+uint32(r.IntN(3)), NoValue|Withdrawn, Bad
				}
			} else {
				switch r.IntN(25) {
				case 0:
					s.Status = BadTimeout
				case 1:
					s.Status = UncertainLastUsable
				case 2:
					s.Status, s.Flags = BadNoCommunication, NoValue
				case 3:
					s.Flags |= GatewayTime
				}
			}
			if s.Flags&NoValue != 0 {
				s.Value = Value{}
			}
			s.Gateway = s.Time + int64(r.IntN(5))*int64(time.Millisecond)
			rows = append(rows, row{i, s})
			base += int64(r.IntN(2)) * int64(time.Second)
		}
	}
	for _, w := range rows {
		b.Ref = append(b.Ref, x.refs[w.series])
		b.Time = append(b.Time, w.s.Time)
		b.Gateway = append(b.Gateway, w.s.Gateway)
		b.Status = append(b.Status, w.s.Status)
		b.Flags = append(b.Flags, w.s.Flags)
		b.Revision = append(b.Revision, w.s.Revision)
		bits := w.s.Value.Bits
		if x.m.types[w.series] == String && w.s.Flags&NoValue == 0 {
			bits = uint64(len(b.Text))
			b.Text = append(b.Text, w.s.Value.Text)
		}
		b.Bits = append(b.Bits, bits)
	}
	return b, rows
}

// commit tells the model that a batch is in the journal.
func (x *trial) commit(k batchKey, number uint64, at int64) {
	for _, w := range x.m.sent[k] {
		w.s.Commit = number
		if w.s.Time > at+int64(FutureAfter) {
			w.s.Flags |= FutureTime
		}
		x.m.stored[w.series] = append(x.m.stored[w.series], w.s)
	}
	x.m.acked[k] = true
	x.m.times[number] = at
	delete(x.m.sent, k)
}

// send sends a few batches of random producers without waiting, then waits for all answers.
func (x *trial) send() {
	type answer struct {
		k   batchKey
		r   Receipt
		err error
	}
	answers := make(chan answer, 64)
	asked := 0
	ask := func(k batchKey, b *Batch) error {
		err := x.n.store.Append(context.Background(), producerID(k.producer), k.epoch, k.seq, b, func(r Receipt, err error) { answers <- answer{k, r, err} })
		if err == nil {
			asked++
		}
		return err
	}
	for range 1 + x.r.IntN(5) {
		p := x.r.IntN(len(x.m.seq))
		if x.r.IntN(40) == 0 {
			x.m.epoch[p]++
			x.m.seq[p] = 0
		}
		k := batchKey{p, x.m.epoch[p], x.m.seq[p] + 1}
		b, rows := x.batch()
		x.m.sent[k] = rows
		if err := ask(k, b); err != nil {
			x.note("append %v: %v", k, err)
			delete(x.m.sent, k)
			if !x.disk.IsOff() {
				x.fatal("append: %v", err)
			}
			break
		}
		x.m.seq[p]++
		if x.r.IntN(4) == 0 { // the same again, while it is on its way or after
			if err := ask(k, b); err != nil && !x.disk.IsOff() {
				x.fatal("append again: %v", err)
			}
		}
	}
	for range asked {
		a := <-answers
		x.note("answer %v: commit %d duplicate %v %v", a.k, a.r.Commit, a.r.Duplicate, a.err)
		switch {
		case a.err != nil:
			if !x.disk.IsOff() {
				x.fatal("answer to %v: %v", a.k, a.err)
			}
		case a.r.Duplicate:
			if !x.m.acked[a.k] {
				x.fatal("a duplicate of %v was acknowledged before the original", a.k)
			}
		default:
			x.commit(a.k, a.r.Commit, a.r.CommitTime)
		}
	}
}

// restart opens the node again and finds out what became of the batches that were not answered.
func (x *trial) restart(before uint64) {
	x.n.mustOpen(x.t)
	last := x.n.log.Last().Number
	for c := before + 1; c <= last; c++ {
		a, ok, err := x.n.store.Commit(c)
		if err != nil {
			x.fatal("commit %d: %v", c, err)
		}
		if !ok {
			continue
		}
		k := batchKey{int(a.Producer[15]), a.Epoch, a.Seq}
		if _, waiting := x.m.sent[k]; waiting {
			x.note("%v survived as commit %d", k, c)
			x.commit(k, c, a.Time)
		}
	}
	for k := range x.m.sent {
		x.note("%v did not survive", k)
		delete(x.m.sent, k)
	}
	for p := range x.m.seq {
		epoch, seq := x.n.store.LastSeq(producerID(p))
		if epoch == 0 && x.m.seq[p] == 0 {
			continue
		}
		want := uint64(0)
		for k := range x.m.acked {
			if k.producer == p && (k.epoch == epoch) {
				want = max(want, k.seq)
			}
			if k.producer == p && k.epoch > epoch {
				x.fatal("producer %d stands at %d/%d, but %v was acknowledged", p, epoch, seq, k)
			}
		}
		if seq != want {
			x.fatal("producer %d stands at %d/%d, want seq %d", p, epoch, seq, want)
		}
		x.m.epoch[p], x.m.seq[p] = max(epoch, 1), seq
	}
}

// verify compares what the store says of one series with the model.
func (x *trial) verify(i int) {
	ctx := context.Background()
	ref := x.refs[i]
	asOf := uint64(0)
	if len(x.m.times) > 0 && x.r.IntN(2) == 0 {
		number := uint64(1 + x.r.IntN(int(x.n.log.Last().Number)))
		t, ok := x.m.times[number]
		if t -= int64(x.r.IntN(2)); ok {
			var err error
			// A commit is closed once the function that acknowledges it has returned, which may be a moment after we heard it.
			for asOf, err = x.n.store.AsOf(t); errors.As(err, new(*NotClosedError)); asOf, err = x.n.store.AsOf(t) {
				runtime.Gosched()
			}
			if err != nil || !x.m.knewAt(i, t, asOf) {
				x.fatal("as of %d (commit %d): %d %v", t, number, asOf, err)
			}
		}
	}
	known := asOf
	if asOf == BeforeAll {
		known = 0
	}
	current, all := x.m.settled(i, known)
	if asOf == BeforeAll {
		current, all = nil, nil
	}
	for _, history := range []bool{false, true} {
		want := current
		if history {
			want = all
		}
		span := Span{0, MaxTime}
		if len(want) > 0 && x.r.IntN(2) == 0 {
			span.From, span.To = want[x.r.IntN(len(want))].Time, want[x.r.IntN(len(want))].Time
			if span.To < span.From {
				span.From, span.To = span.To, span.From
			}
			want = slices.DeleteFunc(slices.Clone(want), func(s Sample) bool { return s.Time < span.From || s.Time >= span.To })
		}
		var got []Sample
		var after Cursor
		for {
			p, err := x.n.store.Raw(ctx, ref, span, RawOptions{Limit: 1 + x.r.IntN(200), After: after, History: history, AsOf: asOf})
			if err != nil {
				x.fatal("raw: %v", err)
			}
			got = append(got, p.Samples...)
			if !p.More {
				break
			}
			if after, err = ParseCursor(p.Next.String()); err != nil {
				x.fatal("%v", err)
			}
		}
		if !slices.Equal(got, want) {
			for k := range max(len(got), len(want)) {
				if k >= len(got) || k >= len(want) || got[k] != want[k] {
					x.fatal("series %d (%v), as of %d, history %v, span %v: %d samples, want %d; first difference at %d:\n got %s\nwant %s", i, x.m.types[i], asOf, history, span, len(got), len(want), k,
						show(got[min(k, len(got)):min(k+2, len(got))]), show(want[min(k, len(want)):min(k+2, len(want))]))
				}
			}
		}
	}
	now := x.n.clock.now().UnixNano()
	if got, want := x.n.store.Latest([]Ref{ref}, now, nil)[0], x.m.latest(i, now); got != want {
		x.fatal("series %d: latest is %+v, want %+v", i, got, want)
	}
	if len(current) == 0 {
		return
	}
	at := current[x.r.IntN(len(current))].Time
	step := []time.Duration{time.Second, 7 * time.Second, time.Minute, time.Hour}[x.r.IntN(4)]
	span := Span{max(at-at%int64(time.Second)-int64(step)*3, 0), at + int64(step)*10 + int64(x.r.IntN(1e9))}
	got, err := x.n.store.Aggregate(ctx, []Ref{ref}, span, AggregateOptions{Step: step, Now: now, AsOf: asOf})
	if err != nil {
		x.fatal("aggregate: %v", err)
	}
	want := x.m.aggregate(i, known, span, int64(step), now, int64(5*time.Second))
	if !slices.EqualFunc(got[0], want, sameBucket) {
		for k := range want {
			if !sameBucket(got[0][k], want[k]) {
				x.fatal("series %d (%v), as of %d, buckets of %v from %d, now %d: bucket %d is\n%+v, want\n%+v", i, x.m.types[i], asOf, step, span.From, now, k, got[0][k], want[k])
			}
		}
	}
	if s := all[x.r.IntN(len(all))]; true {
		p, epoch, seq, ok := x.n.store.Trace(s.Commit)
		if !ok || !x.m.acked[batchKey{int(p[15]), epoch, seq}] {
			x.fatal("trace of commit %d: %v %d %d %v", s.Commit, p, epoch, seq, ok)
		}
	}
}

// expire lets some series lose what is old.
func (x *trial) expire() error {
	if err := x.n.store.Flush(context.Background()); err != nil {
		return err
	}
	before := make([]int64, len(x.refs))
	for i := range before {
		before[i] = []int64{0, x.where - int64(x.r.IntN(200))*int64(time.Second), x.where - int64(30*24*time.Hour)}[x.r.IntN(3)]
	}
	for {
		out, err := x.n.store.expire(context.Background(), func(s *Series) int64 { return before[slices.Index(x.refs, s.Ref)] },
			func(uint64, uint64, int64) bool { return true })
		if err != nil {
			return err
		}
		if out.Blocks+out.Cut == 0 {
			break
		}
	}
	for i := range before {
		x.m.expire(i, before[i])
	}
	return nil
}

// TestStoreEqualsModelThroughCrashes runs random operations against the model; TRIAL_FIRST and TRIAL_SEEDS choose others.
func TestStoreEqualsModelThroughCrashes(t *testing.T) {
	seeds, operations := 12, 220
	if testing.Short() {
		seeds = 3
	}
	first := env("TRIAL_FIRST", 0)
	for seed := first; seed < first+env("TRIAL_SEEDS", seeds); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runTrial(t, uint64(seed), operations) })
	}
}

func runTrial(t *testing.T, seed uint64, operations int) {
	r := rand.New(rand.NewPCG(seed, 77))
	disk := fault.NewDisk(seed)
	n := newNode(disk, "/node")
	n.options.BlockBytes = 16 << 10
	n.options.CompactAfter = 3
	n.options.HeadBytes = []int64{300 << 10, 64 << 20}[seed%2]
	n.mustOpen(t)
	t.Cleanup(n.close)
	x := &trial{t: t, r: r, n: n, disk: disk, where: begin, m: &model{sent: map[batchKey][]row{}, acked: map[batchKey]bool{}, times: map[uint64]int64{}},
		texts: []string{"", "RUN", "停机", string(bytes.Repeat([]byte("x"), 300))}}
	for i := range 9 {
		x.m.types = append(x.m.types, []Type{Float64, Float64, Int64, Bool, String}[i%5])
	}
	x.m.stored = make([][]Sample, len(x.m.types))
	x.m.seq, x.m.epoch = make([]uint64, 3), []uint64{1, 1, 1}
	x.refs = n.declare(t, x.m.types...)
	ctx := context.Background()
	for op := range operations {
		n.clock.add(time.Duration(r.IntN(5000)) * time.Millisecond)
		before := n.log.Last().Number
		crashing := r.IntN(12) == 0
		if crashing {
			if r.IntN(2) == 0 {
				disk.PowerOffAfter(r.IntN(25))
			} else {
				disk.KillAfter(r.IntN(25))
			}
		}
		var err error
		switch k := r.IntN(20); {
		case k < 11:
			x.note("%d: send", op)
			x.send()
		case k < 14:
			x.note("%d: flush", op)
			err = n.store.Flush(ctx)
		case k < 15:
			x.note("%d: compact", op)
			err = n.store.Compact(ctx)
		case k < 16 && !crashing && r.IntN(3) == 0:
			x.note("%d: expire", op)
			err = x.expire()
		case k == 16 && !crashing:
			x.note("%d: restart", op)
			n.close()
			x.restart(before)
		default:
			x.note("%d: verify", op)
			if !disk.IsOff() && !crashing {
				x.verify(r.IntN(len(x.m.types)))
			}
		}
		if err != nil && !disk.IsOff() && !errors.Is(err, context.Canceled) {
			x.fatal("operation %d: %v", op, err)
		}
		if crashing {
			x.note("%d: crash (the power was off already: %v)", op, disk.IsOff())
			n.log.Close()
			n.store.Close()
			disk.PowerOffAfter(-1)
			disk.Crash()
			x.restart(before)
			for i := range x.m.types {
				x.verify(i)
			}
		}
	}
	if err := n.store.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if err := n.store.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	for i := range x.m.types {
		x.verify(i)
	}
	if st := n.store.Stats(); st.Damaged != 0 {
		t.Fatalf("damage: %+v", st)
	}
}
