package telemetry

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"
)

func TestBatchIsRefusedWholeAndNamesWhatIsWrong(t *testing.T) {
	n, _ := memoryNode(t, 1)
	refs := n.declare(t, Float64, Int64, Bool, String)
	good := func() *Batch {
		return &Batch{Origin: Measured, Ref: []Ref{refs[0], refs[2], refs[3]}, Time: []int64{begin, begin, begin}, Gateway: []int64{begin, begin, begin},
			Bits: []uint64{1, 1, 0}, Text: []string{"RUN"}}
	}
	for name, c := range map[string]struct {
		change func(*Batch)
		row    int
		field  string
	}{
		"unknown series":        {func(b *Batch) { b.Ref[1] = 99 }, 1, "ref"},
		"series number zero":    {func(b *Batch) { b.Ref[0] = 0 }, 0, "ref"},
		"a bool of two":         {func(b *Batch) { b.Bits[1] = 2 }, 1, "bits"},
		"text out of range":     {func(b *Batch) { b.Bits[2] = 1 }, 2, "text"},
		"column too short":      {func(b *Batch) { b.Gateway = b.Gateway[:2] }, -1, "gateway"},
		"status of other size":  {func(b *Batch) { b.Status = []Status{Good} }, -1, "status"},
		"before 1970":           {func(b *Batch) { b.Time[2] = -1 }, 2, "time"},
		"in 2200":               {func(b *Batch) { b.Time[0] = MaxTime }, 0, "time"},
		"gateway time in 2200":  {func(b *Batch) { b.Gateway[0] = MaxTime }, 0, "gateway"},
		"a flag of the node":    {func(b *Batch) { b.Flags = []Flags{0, FutureTime, 0} }, 1, "flags"},
		"no origin":             {func(b *Batch) { b.Origin = 0 }, -1, "origin"},
		"text that is no UTF-8": {func(b *Batch) { b.Text[0] = "\xff" }, -1, "text"},
		"text too long":         {func(b *Batch) { b.Text[0] = string(make([]byte, MaxTextBytes+1)) }, -1, "text"},
		"too many rows": {func(b *Batch) {
			*b = Batch{Origin: Measured, Ref: make([]Ref, MaxRows+1)}
		}, -1, "rows"},
	} {
		b := good()
		c.change(b)
		_, err := n.append(1, 1, 1, b)
		var refused *BatchError
		if !errors.As(err, &refused) || refused.Row != c.row || refused.Field != c.field || refused.Reason == "" {
			t.Errorf("%s: %v, want a refusal of row %d, field %s", name, err, c.row, c.field)
		}
	}
	if _, seq := n.store.LastSeq(producerID(1)); seq != 0 {
		t.Fatalf("refused batches used up sequence numbers: %d", seq)
	}
	if _, err := n.append(1, 1, 1, good()); err != nil {
		t.Fatal(err)
	}
	if st := n.store.Stats(); st.Refused != 14 || st.Samples != 3 || st.Batches != 1 {
		t.Fatalf("counted %+v", st)
	}
}

func TestSequenceOfAProducer(t *testing.T) {
	n, _ := memoryNode(t, 2)
	ref := n.declare(t, Float64)[0]
	b := rowsOf(ref, []int64{begin}, []uint64{1})
	var gap *SequenceError
	if _, err := n.append(1, 1, 2, b); !errors.As(err, &gap) || gap.Want != 1 {
		t.Fatalf("first batch 2: %v", err)
	}
	if r := n.mustAppend(t, 1, 1, b); r.Duplicate || r.Commit == 0 {
		t.Fatalf("first: %+v", r)
	}
	if r := n.mustAppend(t, 1, 1, b); !r.Duplicate {
		t.Fatalf("again: %+v", r)
	}
	n.mustAppend(t, 1, 2, &Batch{Origin: Measured}) // an empty one goes past a number
	if _, err := n.append(1, 1, 4, b); !errors.As(err, &gap) || gap.Want != 3 {
		t.Fatalf("gap: %v", err)
	}
	if _, err := n.append(1, 2, 2, b); !errors.As(err, &gap) || gap.Want != 1 {
		t.Fatalf("new epoch must begin at 1: %v", err)
	}
	if _, err := n.append(1, 2, 1, b); err != nil {
		t.Fatal(err)
	}
	if _, err := n.append(1, 1, 3, b); !errors.Is(err, ErrFenced) {
		t.Fatalf("old epoch: %v", err)
	}
	for range 2 { // from the journal, then from the manifest
		if epoch, seq := n.store.LastSeq(producerID(1)); epoch != 2 || seq != 1 {
			t.Fatalf("stands at %d/%d", epoch, seq)
		}
		if err := n.store.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		n.close()
		n.mustOpen(t)
	}
	if r, err := n.append(1, 2, 1, b); err != nil || !r.Duplicate {
		t.Fatalf("after a restart: %+v %v", r, err)
	}
	// All of these were the same sample.
	if p, err := n.store.Raw(context.Background(), ref, Span{0, MaxTime}, RawOptions{History: true}); err != nil || len(p.Samples) != 1 {
		t.Fatalf("%v %s", err, show(p.Samples))
	}
}

func TestDifferentValueAtOneTimeKeepsBothAndTheLaterCommitWins(t *testing.T) {
	n, _ := memoryNode(t, 3)
	ref := n.declare(t, Int64)[0]
	values := []uint64{10, 20, 10, 30}
	for i, v := range values {
		n.mustAppend(t, 1, uint64(i+1), rowsOf(ref, []int64{begin}, []uint64{v}))
		if i == 1 {
			if err := n.store.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, stage := range []string{"in head and block", "flushed", "merged"} {
		p, err := n.store.Raw(context.Background(), ref, Span{0, MaxTime}, RawOptions{History: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []uint64
		for _, s := range p.Samples {
			got = append(got, s.Value.Bits)
		}
		if len(got) != 3 || got[0] != 10 || got[1] != 20 || got[2] != 30 || !p.Samples[0].Superseded || p.Samples[2].Superseded || p.Samples[2].Flags&Rival == 0 {
			t.Fatalf("%s: %s", stage, show(p.Samples))
		}
		if s := n.store.Latest([]Ref{ref}, begin, nil)[0]; s.Value.Bits != 30 {
			t.Fatalf("%s: latest %+v", stage, s)
		}
		if stage == "flushed" {
			err = n.store.Compact(context.Background())
		} else {
			err = n.store.Flush(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFutureSampleIsKeptButNotLatestBeforeItIsDue(t *testing.T) {
	n, _ := memoryNode(t, 4)
	ref := n.declare(t, Float64)[0]
	future := begin + int64(time.Hour)
	n.mustAppend(t, 1, 1, rowsOf(ref, []int64{begin - 1000, future, begin + int64(5*time.Minute)}, []uint64{math.Float64bits(1), math.Float64bits(2), math.Float64bits(3)}))
	for _, stage := range []string{"head", "block", "restart"} {
		p, err := n.store.Raw(context.Background(), ref, Span{0, MaxTime}, RawOptions{})
		if err != nil || len(p.Samples) != 3 || p.Samples[2].Flags&FutureTime == 0 || p.Samples[1].Flags != 0 {
			t.Fatalf("%s: %v %s", stage, err, show(p.Samples))
		}
		if s := n.store.Latest([]Ref{ref}, begin, nil)[0]; s.Time != begin+int64(5*time.Minute) {
			t.Fatalf("%s: latest before it is due: %+v", stage, s)
		}
		if s := n.store.Latest([]Ref{ref}, future, nil)[0]; s.Time != future {
			t.Fatalf("%s: latest when it is due: %+v", stage, s)
		}
		for _, now := range []int64{begin, future} {
			a, err := n.store.Aggregate(context.Background(), []Ref{ref}, Span{future, future + 1}, AggregateOptions{Step: time.Second, Now: now})
			if want := map[int64]uint64{begin: 0, future: 1}[now]; err != nil || a[0][0].Count != want {
				t.Fatalf("%s: %d samples in the bucket at %d, want %d (%v)", stage, a[0][0].Count, now, want, err)
			}
		}
		switch stage {
		case "head":
			if err := n.store.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
		case "block":
			n.close()
			n.mustOpen(t)
		}
	}
}

func TestProducerThatDatesAheadIsToldUntilItHasStopped(t *testing.T) {
	n, _ := memoryNode(t, 6)
	ref := n.declare(t, Float64)[0]
	send := func(seq uint64, at int64) {
		t.Helper()
		n.mustAppend(t, 1, seq, rowsOf(ref, []int64{at}, []uint64{seq}))
	}
	send(1, n.clock.now().Add(time.Hour).UnixNano())
	send(2, n.clock.now().Add(2*time.Hour).UnixNano())
	if last, times := n.trouble(TroubleFuture); times != 1 || !last.Active || last.Subject == "" {
		t.Fatalf("raised %d times: %+v; want once", times, last)
	}
	if got := n.store.Stats().Future; got != 2 {
		t.Errorf("%d samples counted, want 2", got)
	}
	send(3, n.clock.now().UnixNano())
	if last, _ := n.trouble(TroubleFuture); !last.Active {
		t.Error("over after one good batch")
	}
	n.clock.add(aheadOver + time.Second)
	send(4, n.clock.now().UnixNano())
	if last, times := n.trouble(TroubleFuture); times != 2 || last.Active {
		t.Errorf("after %v: %d events, the last %+v; want it cleared", aheadOver, times, last)
	}
}

func TestSeriesKeepsItsTypeUnitAndOwner(t *testing.T) {
	n, _ := memoryNode(t, 5)
	ctx := context.Background()
	n.declare(t, Float64)
	var conflict *ConflictError
	d := declaration(0, Int64)
	if _, err := n.store.Declare(ctx, []Declaration{declaration(1, Bool), d}); !errors.As(err, &conflict) || conflict.Field != "type" || conflict.Has != "float64" || conflict.Wants != "int64" {
		t.Fatalf("other type: %v", err)
	}
	if _, ok := n.store.Lookup(seriesID(1)); ok {
		t.Fatal("a refused declaration declared its neighbour")
	}
	d = declaration(0, Float64)
	d.Unit = "kW"
	if _, err := n.store.Declare(ctx, []Declaration{d}); !errors.As(err, &conflict) || conflict.Field != "unit" {
		t.Fatalf("other unit: %v", err)
	}
	var bad *DeclarationError
	d = declaration(0, Float64)
	d.MaxSilence = 0
	if _, err := n.store.Declare(ctx, []Declaration{d}); !errors.As(err, &bad) || bad.Field != "maxSilence" {
		t.Fatalf("no silence: %v", err)
	}
	d.MaxSilence, d.From = time.Minute, begin
	refs, err := n.store.Declare(ctx, []Declaration{d, declaration(7, String), d})
	if err != nil || refs[0] != 1 || refs[1] != 2 || refs[2] != 1 {
		t.Fatalf("%v %v", refs, err)
	}
	s, _ := n.store.Series(1)
	if s.ReportingAt(begin-1).MaxSilence != 5*time.Second || s.ReportingAt(begin).MaxSilence != time.Minute {
		t.Fatalf("%+v", s.Reporting)
	}
}

func TestChangesNameTheSeriesThatHadSamples(t *testing.T) {
	n, _ := memoryNode(t, 6)
	refs := n.declare(t, Float64, Float64, Float64)
	n.mustAppend(t, 1, 1, rowsOf(refs[0], []int64{begin}, []uint64{1}))
	all, next := n.store.Changes(refs, 0)
	if len(all) != 3 {
		t.Fatalf("from the begin: %v", all)
	}
	if c, again := n.store.Changes(refs, next); len(c) != 0 || again != next {
		t.Fatalf("nothing came: %v %d", c, again)
	}
	n.mustAppend(t, 1, 2, rowsOf(refs[1], []int64{begin - 5}, []uint64{1}))
	if err := n.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	n.mustAppend(t, 1, 3, rowsOf(refs[2], []int64{begin}, []uint64{1}))
	if c, _ := n.store.Changes(refs, next); len(c) != 2 || c[0] != 1 || c[1] != 2 {
		t.Fatalf("one flushed, one in the head: %v", c)
	}
}

func TestTraceLeadsBackToTheBatch(t *testing.T) {
	n, _ := memoryNode(t, 7)
	ref := n.declare(t, Float64)[0]
	r := n.mustAppend(t, 3, 1, rowsOf(ref, []int64{begin}, []uint64{1}))
	for _, stage := range []string{"head", "block", "restart"} {
		a, ok, err := n.store.Commit(r.Commit)
		if err != nil || !ok || a.Producer != producerID(3) || a.Epoch != 1 || a.Seq != 1 || a.Time != r.CommitTime {
			t.Fatalf("%s: %+v %v %v", stage, a, ok, err)
		}
		if stage == "head" {
			if err := n.store.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
		} else {
			n.close()
			n.mustOpen(t)
		}
	}
	if _, _, _, ok := n.store.Trace(r.Commit + 1); ok {
		t.Fatal("a commit that is none of ours was explained")
	}
}
